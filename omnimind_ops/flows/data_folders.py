"""The native data folders, before anything is installed: what each is, and whether data can be put there; read-only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.facts import Disk
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.place import Place
from omnimind_ops.observe.boot_mounts import is_mounted_by_hand
from omnimind_ops.planning.migration import copies, targets
from omnimind_ops.planning.source import Source
from omnimind_ops.stores.files.copy import check_separate
from omnimind_ops.stores.files.place import check, is_swapped_inside


def with_folders(source: Source, goal: Goal) -> Source:
    """Return the source with what its target folders are; raise Problem when one of them cannot take the data."""
    inside = frozenset(folder for folder in targets(source, goal) if is_swapped_inside(Path(folder)))
    for folder in targets(source, goal):
        check(Place(Path(folder), folder in inside))
    for copy in copies(source, goal):
        if copy.source and copy.only is None:
            check_separate(Path(copy.source), Path(copy.target))
    return replace(source, inside=inside)


def followed(folder: str, notes: list[str]) -> str:
    """Return the folder itself where a link leads to it: Docker has followed the link as well; `notes` get that."""
    real = os.path.realpath(folder)
    if real != os.path.normpath(folder):
        notes.append(f"{folder} is a link; its data is read at {real}")
    return real


def notes(disks: Sequence[Disk], folders: Sequence[str]) -> Iterator[str]:
    """Yield what a person should know about the file systems of these folders."""
    points = {disk.mount_point: disk.filesystem for disk in disks if disk.path in folders}
    for point, filesystem in points.items():
        if is_mounted_by_hand(point, filesystem):
            yield (
                f"{point} was mounted by hand: after a reboot the services would start without their data; "
                "add it to /etc/fstab, then run `systemctl daemon-reload`"
            )
