"""The file systems that something will be written to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from omnimind_ops.model.facts import Disk


def disks(paths: Iterable[str], mounts: Path = Path("/proc/self/mounts")) -> tuple[Disk, ...]:
    """Return for each path the file system it is on, or will be on once it is created."""
    kinds = filesystems(mounts.read_text(errors="replace"))
    return tuple(_disk(path, kinds) for path in dict.fromkeys(paths))


def filesystems(text: str) -> dict[str, str]:
    """Return the type by mount point from the text of /proc/mounts; of several mounts the last is visible."""
    rows = (line.split() for line in text.splitlines())
    return {_unescape(row[1]): row[2] for row in rows if len(row) > 2}


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def _disk(path: str, kinds: dict[str, str]) -> Disk:
    existing = Path(path)
    while not existing.exists():
        existing = existing.parent
    existing = existing.resolve()
    point = next((str(p) for p in (existing, *existing.parents) if str(p) in kinds), "/")
    stats = os.statvfs(existing)
    return Disk(
        path=path,
        mount_point=point,
        free=stats.f_bavail * stats.f_frsize,
        total=stats.f_blocks * stats.f_frsize,
        filesystem=kinds.get(point, ""),
        read_only=bool(stats.f_flag & os.ST_RDONLY),
    )
