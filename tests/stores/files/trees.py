"""Look at trees of files and compare them."""

import os
from pathlib import Path

from omnimind_ops.model.data import compare
from omnimind_ops.stores.files.fingerprint import tree_fingerprint

MIB = 1 << 20

ROOT = os.geteuid() == 0


def looks(top: Path) -> dict[str, tuple[object, ...]]:
    """What `ls` would show of everything in a tree: mode, owner, size and time, by path."""
    results: dict[str, tuple[object, ...]] = {}
    for folder, names, files in os.walk(top):
        for name in (*names, *files, ""):
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            size = 0 if os.path.isdir(path) else facts.st_size
            results[os.path.relpath(path, top)] = (facts.st_mode, facts.st_uid, facts.st_gid, size, facts.st_mtime_ns)
    return results


def same(path: Path, two: Path) -> bool:
    """Whether two trees have the same fingerprint."""
    return not compare(tree_fingerprint(path), tree_fingerprint(two))
