"""A stand-in for the Qdrant server: its REST API over Qdrant's own storage engine (`qdrant-edge-py`). Start with
README.md.

It is separate from omnimind: it imports nothing of omnimind and omnimind imports nothing of it (a contract of
import-linter). `omnimind_ops.embedded.programs` starts it as a process.
"""
