"""Qdrant as a store. Start with client, which connects to a running server.

facts: short queries; fingerprint: contents of a server; points: read every point; sample: read some points; upload:
send a snapshot. storage reads the storage directory on disk, versions tells which version may open which data, scratch
runs a temporary server.
"""
