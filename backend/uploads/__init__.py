"""/uploads: files, stored unchanged.

Start in routes.py. receive.py receives a file, files.py manages the folder.
"""
