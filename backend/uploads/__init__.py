"""/uploads: files, kept as they are.

Start in routes.py. receive.py takes a file in, files.py is the folder they lie in.
"""
