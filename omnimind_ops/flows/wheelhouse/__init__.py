"""`omnimind wheelhouse`: a folder of wheels for hosts without a network.

Start at make.py; choose.py queries the index, download.py fetches the files.
"""
