"""Damage to files and folders: bits, bytes, holes, cuts, blocks and files that are missing or exchanged."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

BLOCK = 512
"""A tar's."""


def flip(data: bytearray, chance: random.Random) -> str:
    """Change one bit."""
    at, bit = chance.randrange(len(data)), chance.randrange(8)
    data[at] ^= 1 << bit
    return f"bit {bit} of byte {at} changed"


def burst(data: bytearray, chance: random.Random) -> str:
    """Overwrite up to 64 bytes."""
    at, count = chance.randrange(len(data)), chance.randint(2, 64)
    data[at : at + count] = chance.randbytes(len(data[at : at + count]))
    return f"{count} bytes from {at} overwritten"


def hole(data: bytearray, chance: random.Random) -> str:
    """Zero up to eight blocks, as a disk does that lost them."""
    at, count = _block(data, chance), chance.randint(1, 8) * BLOCK
    data[at : at + count] = bytes(len(data[at : at + count]))
    return f"{count} bytes from {at} zeroed"


def cut(data: bytearray, chance: random.Random) -> str:
    """End early: anywhere, or at a block's border."""
    at = chance.randrange(len(data))
    at -= at % BLOCK if chance.random() < 0.5 else 0
    del data[at:]
    return f"cut at {at}"


def omit(data: bytearray, chance: random.Random) -> str:
    """Leave some blocks out."""
    at, count = _block(data, chance), chance.randint(1, 64) * BLOCK
    del data[at : at + count]
    return f"{count} bytes from {at} left out"


def swap(data: bytearray, chance: random.Random) -> str:
    """Exchange two blocks."""
    item, two = _block(data, chance), _block(data, chance)
    data[item : item + BLOCK], data[two : two + BLOCK] = data[two : two + BLOCK], data[item : item + BLOCK]
    return f"blocks at {item} and {two} exchanged"


def _block(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(max(1, len(data) // BLOCK)) * BLOCK


BYTES: tuple[Callable[[bytearray, random.Random], str], ...] = (flip, burst, hole, cut, omit, swap)


def of_file(path: Path, chance: random.Random) -> str:
    """Damage one file, and return how. Of a large one with holes, a part with data is damaged."""
    size = path.stat().st_size
    change = chance.choice(BYTES)
    if size <= _LARGE:
        data = bytearray(path.read_bytes())
        result = change(data, chance)
        path.write_bytes(data)
        return result
    with path.open("r+b") as file:
        file.seek(_first_data(file.fileno(), chance, size))
        start = file.tell()
        data = bytearray(file.read(_LARGE))
        result = change(data, chance)
        if len(data) < _LARGE and change is cut:
            file.truncate(start + len(data))
        file.seek(start)
        file.write(data)
    return f"from byte {start}: {result}"


_LARGE = 1 << 20


def _first_data(file: int, chance: random.Random, size: int) -> int:
    """Return a position with data; 0 when there is none after a random one."""
    try:
        return os.lseek(file, chance.randrange(size), os.SEEK_DATA)
    except OSError:
        return 0


def of_folder(folder: Path, chance: random.Random) -> str:
    """Damage, remove or exchange files of a folder, and return how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    path, kind = chance.choice(files), chance.choice(("bytes", "bytes", "file gone", "folder gone", "exchanged"))
    name = path.relative_to(folder)
    if kind == "file gone":
        path.unlink()
        return f"{name} removed"
    if kind == "folder gone" and path.parent != folder:
        shutil.rmtree(path.parent)
        return f"{name.parent} removed"
    others = [file for file in files if file != path]
    if kind == "exchanged" and (alike := [item for item in others if item.name == path.name] or others):
        other = chance.choice(alike)
        first, second = path.read_bytes(), other.read_bytes()
        path.write_bytes(second)
        other.write_bytes(first)
        return f"{name} and {other.relative_to(folder)} exchanged"
    return f"{name}: {of_file(path, chance)}"
