"""Files as a store.

copy: verified, incremental copy of a tree (copy_pass: one pass of it, copy_file: one file); fingerprint: contents of a
tree; discard: remove a tree; settled: which files the next pass may skip. walk, content, sparse, manifest, attributes,
flush and space are the building blocks of these modules.
"""
