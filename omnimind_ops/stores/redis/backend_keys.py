"""Keys that OmniMind's backend writes: embeddings and sessions. Its workers keep serving while source and target are
compared, so these keys have separate facts in a fingerprint.
"""

from __future__ import annotations

PREFIXES = ("omnimind:embedding:", "omnimind:session:", "omnimind:sessions:")
"""Prefixes of these keys. The backend's other keys (rate limits, the guard's probe) expire within minutes, before any
horizon.
"""
FACT_SUFFIXES = tuple(f" below {prefix}" for prefix in PREFIXES)
"""Ends of the names of the facts about these keys."""

_COMMON = b"omnimind:"


def fact_suffix(key: bytes) -> str:
    """Return the end of the names of the facts that count a key: "" for a key that the backend did not write."""
    if not key.startswith(_COMMON):
        return ""
    suffixes = zip(PREFIXES, FACT_SUFFIXES, strict=True)
    return next((suffix for prefix, suffix in suffixes if key.startswith(prefix.encode())), "")
