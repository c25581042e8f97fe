"""Atomic file writes, and syncs to disk that do not block the server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from omnimind_ops.embedded.qdrant.wire import loads, pretty


def write_json(path: Path, value: object) -> None:
    """Replace the file atomically and sync it to disk."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(pretty(value))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def read_json(path: Path, default: Any = None) -> Any:
    """Return the JSON in a file, or `default` when there is no file."""
    try:
        return loads(path.read_bytes())
    except FileNotFoundError:
        return default


def sync_directory(path: Path) -> None:
    """Make renames in this directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """Sync every file below to disk, including dirty memory maps.

    `os.fdatasync` releases Python's global lock while the disk works. The engine's own flush does not, so this runs
    first and leaves little for it.
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
    """Remove a directory if it exists."""
    shutil.rmtree(path, ignore_errors=True)
