"""`omnimind wheelhouse`: a folder of wheels for hosts without a network.

Start at make.py; choose.py asks the index, download.py fetches.
"""
