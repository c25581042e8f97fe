"""Qdrant as a store. client asks a running server, fingerprint says what it holds (points: every point; sample: some), storage reads its folder
on the disk, versions says which may open which, scratch runs one of our own.
"""
