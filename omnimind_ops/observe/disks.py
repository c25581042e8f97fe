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
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def _disk(path: str, kinds: dict[str, str]) -> Disk:
    place = Path(path)
    while not place.exists():
        place = place.parent
    place = place.resolve()
    point = next((str(p) for p in (place, *place.parents) if str(p) in kinds), "/")
    seen = os.statvfs(place)
    return Disk(
        path=path,
        mount_point=point,
        free=seen.f_bavail * seen.f_frsize,
        total=seen.f_blocks * seen.f_frsize,
        filesystem=kinds.get(point, ""),
        read_only=bool(seen.f_flag & os.ST_RDONLY),
    )
