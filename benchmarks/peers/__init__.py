"""Others that do the same work, in environments of their own, made here from pinned requirements: torch's build is the
machine's, so no hashes.
"""
