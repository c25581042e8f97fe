"""Keys that our own backend writes: embeddings and sessions. Its workers serve while old and new are still compared."""

from __future__ import annotations

from omnimind_ops.model.data import Fingerprint

OWN = ("omnimind:embedding:", "omnimind:session:", "omnimind:sessions:")
"""How their names begin. What else it writes (rates, the guard's probe) expires within minutes, before any horizon."""


def below(name: bytes) -> str:
    """Return what is added to the names of facts that this key counts in: its kind's own; "" for a key that is none of
    the backend's.
    """
    return next((_suffix(own) for own in OWN if name.startswith(own.encode())), "")


def written_since(source: Fingerprint, native: Fingerprint) -> tuple[Fingerprint, int]:
    """Return `native` less the kinds of which the source had not one key, as only the native backends can have written
    those; and how many they wrote.

    A kind that the source had too is compared to the last key: nothing that is lost is taken for something that came.
    """
    new = tuple(_suffix(own) for own in OWN if not any(name.endswith(_suffix(own)) for name in source.counts))
    counts = {name: count for name, count in native.counts.items() if not name.endswith(new)}
    digests = {name: digest for name, digest in native.digests.items() if not name.endswith(new)}
    dropped = sum(count for name, count in native.counts.items() if ": keys of type " in name and name.endswith(new))
    return Fingerprint(native.store, counts, digests), dropped


def _suffix(own: str) -> str:
    return f" below {own}"
