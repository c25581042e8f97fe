"""Keys that OmniMind's backend writes: embeddings and sessions. Its workers keep serving while source and target are
compared.
"""

from __future__ import annotations

from omnimind_ops.model.data import Fingerprint

OWN = ("omnimind:embedding:", "omnimind:session:", "omnimind:sessions:")
"""Prefixes of these keys. The backend's other keys (rate limits, the guard's probe) expire within minutes, before any
horizon.
"""


def below(name: bytes) -> str:
    """Return the suffix of the fact names that count this key: the suffix of its prefix, or "" for a key that the
    backend did not write.
    """
    return next((_suffix(own) for own in OWN if name.startswith(own.encode())), "")


def written_since(source: Fingerprint, native: Fingerprint) -> tuple[Fingerprint, int]:
    """Return `native` without the kinds of keys that the source does not have at all, and the number of keys left out.

    Only the native backends can have written those keys. A kind that the source also has is compared completely, so a
    lost key is never mistaken for a new one.
    """
    new = tuple(_suffix(own) for own in OWN if not any(name.endswith(_suffix(own)) for name in source.counts))
    counts = {name: count for name, count in native.counts.items() if not name.endswith(new)}
    digests = {name: digest for name, digest in native.digests.items() if not name.endswith(new)}
    dropped = sum(count for name, count in native.counts.items() if ": keys of type " in name and name.endswith(new))
    return Fingerprint(native.store, counts, digests), dropped


def _suffix(own: str) -> str:
    return f" below {own}"
