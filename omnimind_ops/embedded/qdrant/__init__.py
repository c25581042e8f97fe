"""A stand-in for the Qdrant server: its REST API over Qdrant's own storage engine (`qdrant-edge-py`). Start with
README.md.

It is a neighbour of omnimind, not a part: it imports nothing of omnimind and nothing of omnimind imports it (a contract
of import-linter). `omnimind_ops.embedded.programs` starts it as a process.
"""
