"""Qdrant as a store. Start with client, which connects to a running server.

facts: short questions; fingerprint: what a server holds; points: every point; sample: some; upload: a snapshot.
storage reads its folder on the disk, versions says which may open which, scratch runs one of our own.
"""
