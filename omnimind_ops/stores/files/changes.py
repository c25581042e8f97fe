"""Which files differ between two trees: by their attributes, without reading a file, or by their content."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.stores.files.sparse import BUFFER, hash_data
from omnimind_ops.stores.files.walk import Entry, Kind, Tree, open_quietly, walk

NOT_DATA = frozenset({".omnimind-parked", "lost+found"})
"""Names at the top of a tree that are not the user's data."""


@dataclass(frozen=True)
class Changes:
    """Relative paths of files, links and folders that are only in the new tree, in both and different, or only in the
    old one. Parents come before their children.
    """

    came: tuple[str, ...]
    changed: tuple[str, ...]
    vanished: tuple[str, ...]
    new: Tree
    old: Tree

    def count(self, paths: Collection[str]) -> int:
        """Return how many of these are no folders."""
        entries = (self.new.entries.get(path) or self.old.entries[path] for path in paths)
        return sum(1 for entry in entries if entry.kind is not Kind.FOLDER)

    def whole(self, without: Collection[str] = ()) -> Changes:
        """Return this as if nothing were the same: all of the new tree comes, all of the old one vanishes."""
        left_out = (*NOT_DATA, *without)
        came, vanished = (
            tuple(path for path in tree.entries if path and not _is_below(path, left_out))
            for tree in (self.new, self.old)
        )
        return replace(self, came=came, changed=(), vanished=vanished)


def changes(old: Path, new: Path, *, without: Collection[str] = (), live: bool = False, exact: bool = False) -> Changes:
    """Compare two trees by kind, size and time, or with `exact` by kind, size and content.

    `without`: paths to leave out, with everything below them.
    """
    trees = [walk(root, live=live) for root in (new, old)]
    left_out = (*NOT_DATA, *without)
    after, before = (
        {path: entry for path, entry in tree.entries.items() if path and not _is_below(path, left_out)}
        for tree in trees
    )
    both = [path for path in after if path in before]
    return Changes(
        tuple(path for path in after if path not in before),
        tuple(path for path in both if _differs(trees[1], before[path], trees[0], after[path], exact=exact)),
        tuple(path for path in before if path not in after),
        *trees,
    )


def _is_below(path: str, folders: Collection[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _differs(old: Tree, before: Entry, new: Tree, after: Entry, *, exact: bool) -> bool:
    if before.kind is not after.kind:
        return True
    if before.kind is Kind.LINK:
        return os.readlink(old.root / before.path) != os.readlink(new.root / after.path)
    if before.kind is not Kind.FILE or before.size != after.size:
        return before.kind is Kind.FILE
    return _digest(old, before) != _digest(new, after) if exact else before.mtime != after.mtime


def _digest(tree: Tree, entry: Entry) -> str:
    handle = open_quietly(tree.root / entry.path, os.O_RDONLY)
    try:
        return hash_data(handle, entry.size, bytearray(BUFFER))
    finally:
        os.close(handle)
