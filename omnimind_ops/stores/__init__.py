"""One folder per data store (files, qdrant, redis; backup: files of a Qdrant backup): fingerprint, copy, compare."""
