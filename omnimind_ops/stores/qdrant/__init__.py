"""Qdrant as a store. client connects to a running server (facts: short questions; fingerprint: what it holds; points: every point; sample: some;
upload: a snapshot), storage reads its folder on the disk, versions says which may open which, scratch runs one of our own.
"""
