"""Backups that a real Qdrant wrote, damaged: each is refused, or what is restored from it is what it held.

A reader of the tests' own judges.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect, prove, unpack
from omnimind_ops.stores.qdrant.scratch import scratch_server
from tests.campaigns.result import Campaign, Result, Trial
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import MADE, SNAPSHOTS, config_of, expected, file_of, program, read, reads_rocksdb

BLOCK = 512
"""A tar's."""
CHECKED = 0.2
"""Of the trials: those with Qdrant's own checksum beside the file, which tells of any change."""
UNSEEN = "accepted and different, no file missing, with no checksum beside"
"""Other bytes where a point's values were, or in the list of deleted points.

The product has said that it cannot see it.
"""
OTHER = "accepted and different, with files missing"
COVERED = "accepted and different, and not said to be without a checksum"


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
    at, count = chance.randrange(len(data) // BLOCK) * BLOCK, chance.randint(1, 8) * BLOCK
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
    at, count = chance.randrange(len(data) // BLOCK) * BLOCK, chance.randint(1, 64) * BLOCK
    del data[at : at + count]
    return f"{count} bytes from {at} left out"


def swap(data: bytearray, chance: random.Random) -> str:
    """Exchange two blocks."""
    one, two = (chance.randrange(len(data) // BLOCK) * BLOCK for _ in range(2))
    data[one : one + BLOCK], data[two : two + BLOCK] = data[two : two + BLOCK], data[one : one + BLOCK]
    return f"blocks at {one} and {two} exchanged"


DAMAGES: tuple[Callable[[bytearray, random.Random], str], ...] = (flip, burst, hole, cut, omit, swap)


@contextmanager
def opened() -> Iterator[Trial]:
    """Nothing is shared."""
    yield trial


def trial(chance: random.Random) -> Result:
    """Damage one file once, and restore it as a migration does."""
    made = chance.choice([one for one in MADE if one != "made-1.15.5" or reads_rocksdb()])
    kind, checked = chance.choice(sorted(SNAPSHOTS)), chance.random() < CHECKED
    source = file_of(made, kind)
    with tempfile.TemporaryDirectory(prefix="om-corruption-") as name:
        path, data = Path(name) / source.name, bytearray(source.read_bytes())
        said = chance.choice(DAMAGES)(data, chance)
        path.write_bytes(data)
        beside = source.with_name(f"{source.name}.checksum")
        if checked := checked and beside.exists():
            shutil.copy(beside, path.parent)
        detail = f"{made}, {kind}{', its checksum beside it' if checked else ''}: {said}"
        if data == source.read_bytes():
            return Result("the damage changed nothing", detail=detail)
        return _judged(made, kind, path, Path(name), detail)


def _judged(made: str, kind: str, path: Path, folder: Path, detail: str) -> Result:
    config = config_of(made) if kind == "shard" else None
    try:
        backup = detect(path, NAME if config else None, lambda _: config_of(made))
        storage = unpack(backup, folder / "home" / "storage", silent)
        prove(backup, config, storage, program(), folder / "home" / "scratch", silent)
    except Problem as problem:
        left = sorted(os.listdir(folder / "home" / "storage")) if (folder / "home" / "storage").is_dir() else []
        return Result("refused", detail=f"{detail}: {problem}; left: {left}")
    with scratch_server(program(), storage, folder / "server") as endpoint:
        found = read(endpoint)
    if found == expected(kind):
        return Result("accepted and equal", detail=detail)
    whole = _files(path.read_bytes()) == _files(file_of(made, kind).read_bytes())
    name = COVERED if backup.checksum is not Checksum.ABSENT else UNSEEN if whole else OTHER
    return Result(name, True, f"{detail}: {_difference(found, expected(kind))}")


def _files(data: bytes) -> list[tuple[str, int]]:
    """Return name and size of every file in an archive and in those inside it."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for one in tar:
            if one.name.endswith((".tar", ".snapshot")):
                found += _files(data[one.offset_data : one.offset_data + one.size])
            elif one.isfile():
                found.append((one.name, one.size))
    return found


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return in a few words what is not the same."""
    for name in sorted(found.keys() | wanted.keys()):
        one, other = found.get(name), wanted.get(name)
        if one == other:
            continue
        if not isinstance(one, dict) or not isinstance(other, dict) or "points" not in one or "points" not in other:
            return f"{name}: {str(one)[:100]} instead of {str(other)[:100]}"
        changed = [
            key
            for key in one["points"].keys() | other["points"].keys()
            if one["points"].get(key) != other["points"].get(key)
        ]
        missing, more = (
            len(other["points"].keys() - one["points"].keys()),
            len(one["points"].keys() - other["points"].keys()),
        )
        return f"{name}: {len(changed)} of {len(other['points'])} points differ, {missing} missing and {more} that should not be there, as {changed[:3]}; indexes {one['indexes']} instead of {other['indexes']}"
    return "nothing"


CAMPAIGN = Campaign(
    "corruption",
    "files that a real Qdrant wrote, damaged at random and restored; accepted and different must be 0",
    opened,
    tuple(range(13)),
    {
        UNSEEN: "Qdrant's own files carry no checksum of a point's vector, nor of which points are deleted: where the file beside is gone, nobody can tell a changed bit of them from another number"
    },
)
