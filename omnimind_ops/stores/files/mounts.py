"""Mount points, and the names in a data folder that are not data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.place import OWN_FOLDER

_OF_FILE_SYSTEM = frozenset({"lost+found", ".zfs", "aquota.user", "aquota.group"})
"""Names that a file system has at its root. They can neither be copied nor renamed."""


@dataclass(frozen=True)
class MountPoint:
    """A mount point, as bytes of its path, and the type of the file system ("ext4")."""

    path: bytes
    kind: str


def mount_points() -> Iterator[MountPoint]:
    """Yield all mount points in the order of mounting; none when the kernel does not list them."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return
    for fields in (line.split(b" ") for line in lines):
        path = fields[4].decode("unicode_escape").encode("latin-1")  # blanks are written as \040
        yield MountPoint(path, fields[fields.index(b"-") + 1].decode())


def is_mounted(folder: Path) -> bool:
    """Return whether a file system begins at this folder: a mount, a bind mount, or a subvolume of btrfs."""
    real = os.fsencode(os.path.realpath(folder))
    return os.path.ismount(real) or any(mount.path == real for mount in mount_points())


def mounted_below(folder: Path) -> list[Path]:
    """Return the mount points inside this folder."""
    top = os.fsencode(os.path.realpath(folder)).rstrip(b"/") + b"/"
    return sorted({Path(os.fsdecode(mount.path)) for mount in mount_points() if mount.path.startswith(top)})


def not_data(folder: Path) -> frozenset[str]:
    """Return the names at the top of a data folder that are not data: omnimind's own and the file system's own."""
    return frozenset({OWN_FOLDER}) | (_OF_FILE_SYSTEM if is_mounted(folder) else frozenset())
