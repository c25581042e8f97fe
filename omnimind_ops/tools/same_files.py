"""Files that two folders have in common take their place on the disk once."""

from __future__ import annotations

import filecmp
import os
import stat
from pathlib import Path

SMALLEST = 64 * 1024
"""Bytes. Smaller files are many and save little."""
SOURCES = (".py", ".pyc")
"""Not shared: Python compares the time of a source with the one that its compiled file names."""


def link_same(new: Path, old: Path) -> int:
    """Replace each large file of `new` that is equal in `old`, in content, owner and mode, by a hard link to it.

    Returns how many bytes became free. What cannot be linked (another file system) stays as it is.
    """
    freed = 0
    for file in list(new.rglob("*")):
        twin = old / file.relative_to(new)
        size = _size_of_twins(file, twin)
        if size >= SMALLEST and filecmp.cmp(file, twin, shallow=False) and _link(twin, file):
            freed += size
    return freed


def _size_of_twins(file: Path, twin: Path) -> int:
    """The size of two different files that may become one, else 0."""
    try:
        one, other = file.lstat(), twin.lstat()
    except OSError:
        return 0
    if (
        file.suffix in SOURCES
        or not stat.S_ISREG(one.st_mode)
        or (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
    ):
        return 0
    same = (one.st_mode, one.st_uid, one.st_gid, one.st_size) == (
        other.st_mode,
        other.st_uid,
        other.st_gid,
        other.st_size,
    )
    return one.st_size if same else 0


def _link(twin: Path, file: Path) -> bool:
    beside = file.with_name(f".{file.name}.linked")
    try:
        os.link(twin, beside)
    except OSError:
        return False
    beside.replace(file)
    return True
