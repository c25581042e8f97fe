"""One file per data store: fingerprint, copy, compare."""
