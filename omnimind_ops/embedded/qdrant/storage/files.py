"""Files written whole or not at all, and pushed to the disk without holding up the server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from omnimind_ops.embedded.qdrant.wire import loads, pretty


def write_json(path: Path, value: object) -> None:
    """Replace the file in one step and push it to the disk."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(pretty(value))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def read_json(path: Path, default: Any = None) -> Any:
    """What the file says, or `default` where there is no file."""
    try:
        return loads(path.read_bytes())
    except FileNotFoundError:
        return default


def sync_directory(path: Path) -> None:
    """Make renames in this directory last."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Push every file below to the disk, dirty memory maps included.

    `os.fdatasync` lets go of Python's global lock while the disk works; the engine's own flush does not, so we go first
    and leave it little to wait for.
    """
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                handle = os.open(f"{folder}/{name}", os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                os.fdatasync(handle)
            finally:
                os.close(handle)


def remove_tree(path: Path) -> None:
    """Remove a directory, if it is there."""
    shutil.rmtree(path, ignore_errors=True)
