"""Fingerprint: the content of a data set, small enough to compare and to store in a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fingerprint:
    """Named facts of a data set: counts and digests (hex), both by name.

    A count is, for example, "points of universal_machine_embeddings": 50000.
    """

    store: str
    counts: Mapping[str, int]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class FolderEvidence:
    """A folder at a moment: device and inode, files (with links) and their bytes, and the time in ns of the latest
    change of any directory in it.
    """

    device: int
    inode: int
    files: int
    bytes: int
    changed: int


@dataclass(frozen=True)
class Difference:
    """One fact that differs; both values as text, "absent" when missing."""

    name: str
    source: str
    target: str


def compare(source: Fingerprint, target: Fingerprint) -> tuple[Difference, ...]:
    """Return every fact in which target differs from source; empty means equal."""
    source_facts = {**{k: str(v) for k, v in source.counts.items()}, **source.digests}
    target_facts = {**{k: str(v) for k, v in target.counts.items()}, **target.digests}
    return tuple(
        Difference(name, source_facts.get(name, "absent"), target_facts.get(name, "absent"))
        for name in sorted(source_facts.keys() | target_facts.keys())
        if source_facts.get(name) != target_facts.get(name)
    )


@dataclass(frozen=True)
class FilesToCompare:
    """Single files of the folder `source`, which were moved to the folder `target`."""

    name: str
    source: str
    target: str
    only: tuple[str, ...]
