"""/uploads: files, stored unchanged.

Start in routes.py. service.py receives a file, files.py manages the folder.
"""
