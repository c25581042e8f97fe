"""The Qdrant stand-in against the newest qdrant-client: real processes, real files.

Start with server.py and conftest.py.
"""
