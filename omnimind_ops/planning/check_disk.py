"""Check disk: free space of each file system against the sum of what is written to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from omnimind_ops.model.facts import Disk
from omnimind_ops.planning.check import Check, State, size

VENV = {"cpu": 1_300_000_000, "cu12": 13_800_000_000, "cu13": 14_500_000_000}
"""Bytes that must be free to install the venv, by lock.

The installed size (0.9, 9.0, 9.5 GB, including the model) plus once the size of its wheels (0.3, 4.7, 5.0 GB). uv links
what it has unpacked, so the CPU set never took more than its final size; the second part is for a uv that must keep a
wheel to unpack it.
"""
POSTGRES_DATA = "/var/lib/postgresql"
PACKAGES = {"/usr": 290_000_000, "/var/cache/apt": 70_000_000, POSTGRES_DATA: 100_000_000}
"""Bytes that apt writes for PostgreSQL, Redis and their dependencies: 283 and 67 MB on Debian 13, less on 12.

The first cluster takes 40 MB, its first write-ahead log 16 to 32 MB, and our database 10 MB.
"""
MARGIN = 0.1  # share of the needed space, for journals, logs and file systems that slow down when full
UNSAFE = ("nfs", "nfs4", "cifs", "smb3", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "9p")
VANISHING = ("tmpfs", "ramfs")


@dataclass(frozen=True)
class Share:
    """Space that one path needs on its file system."""

    path: str
    count: int


def disk(disks: Sequence[Disk], space: Mapping[str, int], venv: str, lock: str) -> tuple[Check, ...]:
    """Return a row for each mount point, with the sum of what is written to it."""
    shares = [Share(path, count) for path, count in space.items()]
    if venv:
        shares.append(Share(venv, VENV.get(lock, VENV["cpu"])))
    placed = [(share, _disk_of(share.path, disks)) for share in shares]
    points = dict.fromkeys(disk.mount_point for _, disk in placed if disk)
    rows = [
        _row(point, [(share, disk) for share, disk in placed if disk and disk.mount_point == point]) for point in points
    ]
    unknown = (share.path for share, disk in placed if not disk)
    return (
        *rows,
        *(
            Check(
                "disk",
                State.FAIL,
                f"the free space for {path} is unknown",
                "this is a bug in omnimind: please report it",
            )
            for path in unknown
        ),
    )


def _disk_of(path: str, disks: Sequence[Disk]) -> Disk | None:
    """Return the disk measured for the path, or for its nearest measured parent folder."""
    candidates = [disk for disk in disks if PurePosixPath(path).is_relative_to(disk.path)]
    return max(candidates, key=lambda disk: len(disk.path), default=None)


def _row(point: str, parts: list[tuple[Share, Disk]]) -> Check:
    needed = int(sum(share.count for share, _ in parts) * (1 + MARGIN))
    disk = parts[0][1]
    parts_text = " + ".join(f"{size(share.count)} in {share.path}" for share, _ in parts)
    text = f"{point}: {size(disk.free)} free of {size(disk.total)}, {size(needed)} needed ({parts_text}, plus a tenth)"
    if disk.read_only:
        return Check("disk", State.FAIL, f"{point} is mounted read-only", f"mount -o remount,rw {point}")
    if disk.free < needed:
        return Check(
            "disk",
            State.FAIL,
            text,
            f"free {size(needed - disk.free)} more on {point} (docker system df shows what Docker can reclaim)",
        )
    if disk.filesystem in UNSAFE:
        return Check(
            "disk",
            State.WARN,
            f"{text}; Qdrant can lose data on {disk.filesystem}",
            "use a local ext4, xfs or btrfs file system",
        )
    if disk.filesystem in VANISHING:
        return Check(
            "disk", State.WARN, f"{text}; {disk.filesystem} is empty after a reboot", "use a file system on a disk"
        )
    return Check("disk", State.OK, text)
