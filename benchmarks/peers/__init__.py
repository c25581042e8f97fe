"""Peers: other tools for the same work, in separate environments, installed from pinned requirements.

There are no hashes, because torch's build depends on the machine.
"""
