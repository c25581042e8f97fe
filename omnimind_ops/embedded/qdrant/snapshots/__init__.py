"""Snapshot files in the real server's format:

`pack` creates one, `unpack` opens one, `shelf` is the snapshot store, `sparse_tar` is the archive format.
"""
