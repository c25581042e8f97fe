"""Cases, measure, compare."""
