"""Compare a copied tree with its source: names and bytes, and what a copy may lose besides: modes, owners, extended
attributes, hard links, holes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.stores.files.attributes import read_extended
from omnimind_ops.stores.files.fingerprint import fingerprint_of
from omnimind_ops.stores.files.sparse import extents
from omnimind_ops.stores.files.walk import Entry, Kind, Tree, open_quietly, walk

HOLES = 1 << 17
"""Bytes by which a file's data may grow: file systems round to their blocks."""
_NAMESPACES = ("user.", "trusted.", "security.", "system.")


@dataclass(frozen=True)
class ComparableTrees:
    """Both fingerprints. `new` counts the names that services have created in the target since they started."""

    source: Fingerprint
    target: Fingerprint
    new: int


def comparable_trees(
    source: Path, target: Path, since: float | None = None, only: Collection[str] | None = None
) -> ComparableTrees:
    """Read both trees and return what can be compared.

    The counts of the target's fingerprint include each kind of attribute that differs, for example "entries with
    another mode": 2. The top directory's mode is the target's own, and all entries must have its owner. Names that only
    the target has and that were created after `since` (unix time) are left out. `only`: names of the source.
    """
    old, found = walk(source, only=only), walk(target)
    own, new = _without_new(old, found, since)
    content = fingerprint_of(own)
    losses = {name: count for name, count in _losses(old, own).items() if count}
    return ComparableTrees(fingerprint_of(old), replace(content, counts={**content.counts, **losses}), new)


def _without_new(source: Tree, target: Tree, since: float | None) -> tuple[Tree, int]:
    if since is None:
        return target, 0
    new = {
        path
        for path, entry in target.entries.items()
        if path not in source.entries and entry.ctime > since * 1_000_000_000
    }
    return replace(target, entries={path: e for path, e in target.entries.items() if path not in new}), len(new)


def _losses(source: Tree, target: Tree) -> dict[str, int]:
    """Return how many entries of both trees differ in each attribute."""
    supported = _namespaces(target.root)
    owner = target.entries[""]
    pairs = [(entry, target.entries[path]) for path, entry in source.entries.items() if path in target.entries]
    tests: dict[str, Callable[[Entry, Entry], bool]] = {
        "entries with another mode": lambda a, b: bool(a.path) and a.kind is not Kind.LINK and a.mode != b.mode,
        "entries with another owner": lambda _, b: (b.uid, b.gid) != (owner.uid, owner.gid),
        "entries with other extended attributes": partial(_has_other_attributes, source.root, target.root, supported),
        "files with other names (hard links)": partial(_is_linked_differently, _leaders(source), _leaders(target)),
        "files without their holes": partial(_lost_holes, source.root, target.root),
    }
    return {name: sum(1 for a, b in pairs if a.kind is b.kind and test(a, b)) for name, test in tests.items()}


def _leaders(tree: Tree) -> dict[str, str]:
    """Return the first of the names of each file with several names in the tree, by name."""
    first: dict[tuple[int, int], str] = {}
    return {e.path: first.setdefault(e.identity, e.path) for e in tree.of(Kind.FILE) if e.links > 1}


def _is_linked_differently(source: dict[str, str], target: dict[str, str], old: Entry, new: Entry) -> bool:
    return source.get(old.path, old.path) != target.get(new.path, new.path)


def _has_other_attributes(source: Path, target: Path, supported: tuple[str, ...], old: Entry, new: Entry) -> bool:
    if old.kind is Kind.LINK:
        return False
    before, after = read_extended(str(source / old.path)), read_extended(str(target / new.path))
    return any(
        before.get(name) != after.get(name) for name in before.keys() | after.keys() if name.startswith(supported)
    )


def _namespaces(root: Path) -> tuple[str, ...]:
    """Return the kinds of extended attributes that the tree's file system can hold."""
    return tuple(name for name in _NAMESPACES if _supports(root, name))


def _supports(root: Path, namespace: str) -> bool:
    name = "system.posix_acl_access" if namespace == "system." else f"{namespace}omnimind"
    try:
        os.getxattr(root, name)
    except OSError as error:
        return error.errno not in (errno.ENOTSUP, errno.EPERM, errno.EACCES)
    return True


def _lost_holes(source: Path, target: Path, old: Entry, new: Entry) -> bool:
    return (
        old.kind is Kind.FILE
        and old.stored + HOLES < old.size
        and _data_bytes(target / new.path, new.size) > _data_bytes(source / old.path, old.size) + HOLES
    )


def _data_bytes(path: Path, size: int) -> int:
    handle = open_quietly(path, os.O_RDONLY)
    try:
        return sum(end - start for start, end in extents(handle, size))
    finally:
        os.close(handle)
