"""Backups that real servers wrote, damaged: each is refused, or what is restored from it is what it held.

A reader of the tests' own judges. This file has those of Qdrant, corruption_redis.py those of Redis.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnimind_ops.model.checksum import UNPROTECTED
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect, prove, unpack
from omnimind_ops.stores.qdrant.scratch import scratch_server
from tests.campaigns import corruption_redis, damage
from tests.campaigns.result import Campaign, Result, Trial
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import MADE, SNAPSHOTS, config_of, expected, file_of, program, read, reads_rocksdb

REDIS = 0.3
"""Of the trials: those with a backup of Redis."""
CHECKED = 0.2
"""Of the snapshots: those with Qdrant's own checksum beside the file, which tells of any change."""
WHOLE = 0.05
"""Of the trials: those without damage."""
UNSEEN = "accepted and different, no file missing, with no checksum beside"
"""Other bytes where a point's values were, or in the list of deleted points.

The product has said that it cannot see it.
"""
OTHER = "accepted and different, with files missing"
UNLISTED = "accepted and different, a whole segment or collection missing, and said to be without a checksum"
COVERED = "accepted and different, and not said to be without a checksum"
REFUSED_WHOLE = "refused although it was not damaged"
PACKED = {"tar.gz": "-czSf", "tar.xz": "-cJSf", "tar.bz2": "-cjSf", "absolute tar": "-cPSf"}
"""A storage directory, packed with these options of tar."""
FOLDERS = ("storage", "folder")
FORMS = (*sorted(SNAPSHOTS), *PACKED, *FOLDERS)


@contextmanager
def opened() -> Iterator[Trial]:
    """Unpack and pack once what the trials damage."""
    with tempfile.TemporaryDirectory(prefix="om-corruption-") as name:
        forms = Forms(Path(name))
        yield lambda chance: trial(chance, forms)


class Forms:
    """Backups of every form; those that are not among the recordings are made of the recorded storage when needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def storage(self, made: str) -> Path:
        """Return the storage directory, which the recorded archive has in a folder."""
        home = self.folder / made
        if not home.exists():
            home.mkdir()
            subprocess.run(["tar", "-C", home, "-xSf", file_of(made, "archive")], check=True)
        return home / "storage"

    def path(self, made: str, form: str) -> Path:
        """Return the backup of this form."""
        if form in SNAPSHOTS:
            return file_of(made, form)
        if form in FOLDERS:
            return self.storage(made) if form == "storage" else self.storage(made) / "collections" / NAME
        packed = self.folder / f"{made}.{form.replace(' ', '.')}"
        if not packed.exists():
            where = [self.storage(made)] if form == "absolute tar" else ["-C", self.storage(made), "."]
            subprocess.run(["tar", "--sort=name", PACKED[form], packed, *where], check=True)
        return packed


def trial(chance: random.Random, forms: Forms) -> Result:
    """Damage one backup once, and restore it as a migration does."""
    is_damaged = chance.random() >= WHOLE
    with tempfile.TemporaryDirectory(prefix="om-corruption-") as name:
        if chance.random() < REDIS:
            return corruption_redis.trial(Path(name), chance, damaged=is_damaged)
        made = chance.choice([item for item in MADE if item != "made-1.15.5" or reads_rocksdb()])
        form, is_checked = chance.choice(FORMS), chance.random() < CHECKED
        source = forms.path(made, form)
        path = Path(name) / source.name
        subprocess.run(["cp", "-a", "--sparse=always", source, path], check=True)
        result = "as it was"
        if is_damaged:
            result = (damage.of_folder if path.is_dir() else damage.of_file)(path, chance)
        beside = source.with_name(f"{source.name}.checksum")
        if is_checked := is_checked and beside.is_file():
            shutil.copy(beside, path.parent)
        detail = f"{made}, {form}{', its checksum beside it' if is_checked else ''}: {result}"
        return _judged(made, form, source, path, detail, damaged=is_damaged)


def _judged(made: str, form: str, source: Path, path: Path, detail: str, *, damaged: bool) -> Result:
    folder = path.parent
    config = config_of(made) if form == "shard" else None
    try:
        backup = detect(path, NAME if config else None, lambda _: config_of(made))
        storage = unpack(backup, folder / "home" / "storage", silent)
        prove(backup, config, storage, program(), folder / "home" / "scratch", silent)
    except Problem as problem:
        if not damaged:
            return Result(REFUSED_WHOLE, True, f"{detail}: {problem}")
        left = sorted(os.listdir(folder / "home" / "storage")) if (folder / "home" / "storage").is_dir() else []
        return Result("refused", detail=f"{detail}: {problem}; left: {left}")
    with scratch_server(program(), storage, folder / "server") as endpoint:
        result = read(endpoint)
    wanted = expected(_recorded(form))
    if result == wanted:
        return Result("accepted and equal", detail=detail)
    name = _missing(source, path) if backup.checksum in UNPROTECTED else COVERED
    return Result(name, True, f"{detail}: {_difference(result, wanted)}")


def _recorded(form: str) -> str:
    """Return the recorded kind that holds the same."""
    return "archive" if form in PACKED else form


def _missing(source: Path, path: Path) -> str:
    """Return which kind of difference this is: no file is missing, only whole segments or collections, or others."""
    before, after = _names(source), _names(path)
    parts = {_part(name) for name in before - after}
    if not parts:
        return UNSEEN
    return OTHER if any(_part(name) in parts for name in after) else UNLISTED


def _part(name: str) -> str:
    """Return the segment of a file, else its collection."""
    match = re.match(r"(.*/?segments/[^/.]+)|(.*collections/[^/]+)", name)
    return match[0] if match else name


def _names(path: Path) -> set[str]:
    """Return the names of all files in a folder, or in an archive and in those inside it."""
    if path.is_dir():
        return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    with tarfile.open(path) as tar:
        return set(_names_in(tar))


def _names_in(tar: tarfile.TarFile, prefix: str = "") -> Iterator[str]:
    for item in tar:
        if item.isfile():
            yield prefix + item.name
        if item.isfile() and item.name.endswith((".tar", ".snapshot")):
            inner = tar.extractfile(item)
            assert inner
            with tarfile.open(fileobj=io.BytesIO(inner.read())) as nested:
                yield from _names_in(nested, f"{prefix}{item.name}/")


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return in a few words what is not the same."""
    for name in sorted(found.keys() | wanted.keys()):
        item, other = found.get(name), wanted.get(name)
        if item == other:
            continue
        if not isinstance(item, dict) or not isinstance(other, dict) or "points" not in item or "points" not in other:
            return f"{name}: {str(item)[:100]} instead of {str(other)[:100]}"
        changed = [
            key
            for key in item["points"].keys() | other["points"].keys()
            if item["points"].get(key) != other["points"].get(key)
        ]
        missing, more = (
            len(other["points"].keys() - item["points"].keys()),
            len(item["points"].keys() - other["points"].keys()),
        )
        return f"{name}: {len(changed)} of {len(other['points'])} points differ, {missing} missing and {more} that should not be there, as {changed[:3]}; indexes {item['indexes']} instead of {other['indexes']}"
    return "nothing"


CAMPAIGN = Campaign(
    "corruption",
    "backups that real servers wrote, damaged at random and restored; accepted and different must be 0",
    opened,
    tuple(range(13)),
    {
        UNSEEN: "Qdrant's own files have no checksum of a point's vector, nor of which points are deleted: where no checksum is beside or around them, nobody can tell a changed bit from another number",
        UNLISTED: "no file of Qdrant lists the segments of a shard or the collections of a storage",
        corruption_redis.UNSEEN: "append-only files and dumps of a server with `rdbchecksum no` have no checksum of a value",
    },
)
