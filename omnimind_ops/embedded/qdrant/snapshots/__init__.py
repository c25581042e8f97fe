"""Snapshot files as the real server writes them:

`pack` makes one, `unpack` opens one, `shelf` keeps them, `sparse_tar` is the format.
"""
