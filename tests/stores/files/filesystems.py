"""Real file systems on loop devices."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MAKERS = {"ext4": ("mkfs.ext4", "-qF"), "xfs": ("mkfs.xfs", "-q"), "btrfs": ("mkfs.btrfs", "-q", "-f")}
"""The command that makes a file system of each type."""
SIZE = 320 << 20
"""Bytes of a device: mkfs.xfs refuses less than 300 MiB."""


def _words(argv: tuple[str | Path, ...]) -> None:
    subprocess.run(argv, check=True, capture_output=True)


@contextmanager
def mounted(kind: str, folder: Path) -> Iterator[Path]:
    """Make `folder` a mount point: of a new file system, a bind mount ("bind"), a link ("link"), or none ("plain")."""
    spare = folder.with_name(f"{folder.name}-is-here")
    if kind == "link":
        spare.mkdir(parents=True)
        folder.symlink_to(spare)
    else:
        folder.mkdir(parents=True)
    if kind in ("link", "plain"):
        yield folder
        return
    if kind == "bind":
        spare.mkdir()
        _words(("mount", "--bind", spare, folder))
    else:
        image = folder.with_name(f"{folder.name}.img")
        image.touch()
        with image.open("r+b") as file:
            file.truncate(SIZE)
        _words((*MAKERS[kind], image))
        done = subprocess.run(("mount", "-o", "loop", image, folder), capture_output=True, check=False)
        if done.returncode and kind not in Path("/proc/filesystems").read_text().split():
            pytest.skip(f"the kernel has no {kind}")
        done.check_returncode()
    try:
        yield folder
    finally:
        _words(("umount", folder))
