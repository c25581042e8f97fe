"""Tell the kinds of Qdrant backups apart, by the names and the little JSON files in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from omnimind_ops.model.problem import Problem

_SNAPSHOT = re.compile(r"^(?P<name>.+)-\d+-\d{4}(-\d\d){5}(-\d+)?\.snapshot")
_FORBIDDEN = frozenset('<>:"/\\|?*\0\x1f')


class BackupKind(StrEnum):
    """What a backup is."""

    STORAGE = "storage directory"
    ARCHIVE = "archive of a storage directory"
    COLLECTION = "collection snapshot"
    FULL = "full snapshot"


def kind_of(names: Iterable[str], config: Mapping[str, Any] | None) -> BackupKind | None:
    """Return the kind of an archive with these files, `config` being its config.json at the top; None when it is something else."""
    found = list(names)
    if config is not None and "collections_mapping" in config:
        return BackupKind.FULL
    if config is not None and "params" in config and any(PurePosixPath(name).parts[0].isdigit() for name in found):
        return BackupKind.COLLECTION
    return BackupKind.ARCHIVE if prefixes(found) else None


def prefixes(names: Iterable[str]) -> set[str]:
    """Return where in an archive storage directories begin: "" or "qdrant/storage/"."""
    found = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-1] == "config.json" and parts[-3] == "collections":
            found.add("".join(f"{part}/" for part in parts[:-3]))
        elif parts and parts[-1] == "raft_state.json":
            found.add("".join(f"{part}/" for part in parts[:-1]))
    return found


def collection_of(file: str) -> str | None:
    """Return the collection that a snapshot's file name tells: NAME-PEER-YYYY-MM-DD-hh-mm-ss.snapshot."""
    match = _SNAPSHOT.match(file)
    return match["name"] if match else None


def check_collection(name: str, archive: str) -> str:
    """Return the name if Qdrant could have given it to a directory; else Problem."""
    if not 0 < len(name.encode(errors="replace")) <= 255 or name.startswith(".") or _FORBIDDEN & set(name):
        raise Problem(f"cannot use {archive}", f"{name!r} is no name of a collection", "use a backup that Qdrant itself made")
    return name


def not_a_backup(path: str, names: list[str]) -> Problem:
    """Return the problem of an archive that is something else, with the best guess."""
    tops = {PurePosixPath(name).parts[0] for name in names}
    if {"segments", "wal"} <= tops:
        why, fix = "it is a snapshot of a shard", "make a snapshot of the collection: POST /collections/NAME/snapshots"
    else:
        shown = ", ".join(sorted(tops)[:5])
        why = f"no Qdrant collection is in it (at its top: {shown or 'nothing'})"
        fix = "pass a storage directory, a tar of one, or a snapshot that Qdrant made"
    return Problem(f"cannot use {path}", why, fix)
