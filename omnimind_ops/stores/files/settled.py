"""Decide which files, read while others write, may be skipped in the next pass. See `SettledRule`.

The danger is a memory map. A write through it changes mtime and ctime only when the page turns from clean to dirty;
while it stays dirty, the process may write again without changing the times. So a live pass first makes the kernel
write the whole source file system to disk (syncfs), which protects every page: any later write faults and changes the
times (ext4, XFS, btrfs and f2fs in page_mkwrite; overlayfs passes it through). After that, a file is settled when its
last change is some seconds *before* that sync, and its facts are the same before and after it was read. The seconds
cover writes in progress, since times change before the data does. tmpfs and network file systems do not change the
times at all or not at once; on them nothing is settled and the final pass reads everything.
"""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.stores.files.mounts import mount_points

LIVE_MARGIN = 10.0
"""Seconds without a change before a live pass treats a file as settled."""
FINAL_MARGIN = 0.1
"""The same when nobody writes: only the coarse clock of file times, 10 ms at most, can hide a change."""
_RELIABLE_TIMES = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "overlay"})


@dataclass(frozen=True)
class SettledRule:
    """Decides which files of a source may be entered into the manifest. `before` is in ns since 1970, `device` is the
    source's device.
    """

    before: int
    device: int
    reliable_times: bool
    live: bool

    def is_settled(self, before: os.stat_result, after: os.stat_result) -> bool:
        """Return whether a file read between these two stats may be skipped next time while its facts are unchanged."""
        if not is_unchanged(before, after) or before.st_ctime_ns >= self.before:
            return False
        return not self.live or (self.reliable_times and before.st_dev == self.device)


def settled_rule(source: Path, *, live: bool) -> SettledRule:
    """Return the rule for a pass over `source`. For a live pass, first write its file system to disk."""
    margin = LIVE_MARGIN if live else FINAL_MARGIN
    before = time.time_ns() - int(margin * 1e9)
    if live:
        sync_filesystem(source)
    return SettledRule(before, os.stat(source).st_dev, filesystem_type(source) in _RELIABLE_TIMES, live)


def is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether two stats show the same file with the same size and times."""
    return (before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_dev,
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def sync_filesystem(path: Path) -> None:
    """Write the file system of `path` to disk and wait; OSError when that fails (disk full, disk broken)."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(handle):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(handle)


def filesystem_type(path: Path) -> str:
    """Return the type of the file system that holds `path` ("ext4"), "" when the kernel does not report it."""
    real = os.fsencode(os.path.realpath(path))
    best, kind = -1, ""
    for mount in mount_points():
        inside = real == mount.path or real.startswith(mount.path.rstrip(b"/") + b"/")
        if inside and len(mount.path) >= best:
            best, kind = len(mount.path), mount.kind
    return kind


_LIBC = ctypes.CDLL(None, use_errno=True)
