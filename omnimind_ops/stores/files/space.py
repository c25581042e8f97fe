"""Disk space that a copy needs, and the check for it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.walk import Kind, Tree, walk

_SPARE = 64 << 20
"""Bytes that stay free for the file system itself and for other writers."""


def space_needed(source: Path, only: Collection[str] | None = None) -> int:
    """Return the bytes that a copy of `source`, or of some of its names, will occupy: without holes, a hard-linked file
    once.
    """
    return stored_bytes(walk(source, live=True, only=only))


def stored_bytes(tree: Tree) -> int:
    """Return the bytes that a walked tree occupies."""
    files = {entry.identity: entry.stored for entry in tree.of(Kind.FILE)}
    return sum(files.values()) + sum(max(entry.stored, 4096) for entry in tree.of(Kind.FOLDER))


def check_space(target: Path, needed: int) -> None:
    """Raise Problem unless the file system that `target` is or will be on has `needed` bytes free."""
    existing = target.absolute()
    while not existing.exists():
        existing = existing.parent
    facts = os.statvfs(existing)
    free = facts.f_bavail * facts.f_frsize
    if free < needed + _SPARE:
        raise Problem(
            f"cannot write to {target}",
            f"it needs {format_bytes(needed + _SPARE)} of free space, but {existing} has {format_bytes(free)} free",
            "free some space, or choose a directory on another disk",
        )


def format_bytes(size: int) -> str:
    """Return bytes in human-readable form: "1.8 GB"."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
