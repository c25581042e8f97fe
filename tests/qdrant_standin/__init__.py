"""Tests of the Qdrant stand-in alone; its README says what it is: omnimind_ops/embedded/qdrant/README.md."""
