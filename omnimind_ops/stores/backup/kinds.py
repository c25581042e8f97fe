"""Recognise the kind of a Qdrant backup from the names and the small JSON files in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from omnimind_ops.model.problem import Problem

_SNAPSHOT = re.compile(r"^(?P<name>.+)-\d+-\d{4}(-\d\d){5}(-\d+)?\.snapshot")
_PACKED = re.compile(r"^(\d+/)?segments/[^/]+(\.tar$|/files/)")
_PLAIN = re.compile(r"^(?P<prefix>(.*/)?)(\d+/)segments/[^/]+/segment\.json$")
_PLAIN_SHARD = re.compile(r"^segments/[^/]+/segment\.json$")
_FORBIDDEN = frozenset('<>:"/\\|?*\0\x1f')


class BackupKind(StrEnum):
    """Kind of a backup."""

    STORAGE = "storage directory"
    ARCHIVE = "archive of a storage directory"
    FOLDER = "directory of a collection"
    FOLDER_ARCHIVE = "archive of a collection's directory"
    COLLECTION = "collection snapshot"
    SHARD = "shard snapshot"
    FULL = "full snapshot"


SEVERAL = (BackupKind.STORAGE, BackupKind.ARCHIVE, BackupKind.FULL)
"""Kinds that contain the names of their collections."""


@dataclass(frozen=True)
class Layout:
    """How to read an archive.

    `prefix` is the path at which the storage or the collection begins. `collections` maps file names to collection
    names, "" for the archive itself. `packed`: segments have the format of a snapshot (`ID.tar`, or `ID/files/`), not
    the format on disk.
    """

    kind: BackupKind
    prefix: str = ""
    collections: Mapping[str, str] = field(default_factory=dict)
    packed: bool = True


def layout_of(names: Iterable[str], config: Mapping[str, Any] | None) -> Layout | None:
    """Return how to read an archive with these files and this config.json at its top; None for anything else.

    `collections` is still empty. `prefixes` and `collection_prefixes` detect several storage directories or collections
    in one archive.
    """
    found = list(names)
    packed = any(map(_PACKED.match, found))
    if config is not None and "collections_mapping" in config:
        return Layout(BackupKind.FULL)
    if config is not None and "params" in config and packed:
        return Layout(BackupKind.COLLECTION)
    if config is None and (packed or any(map(_PLAIN_SHARD.match, found))):
        return Layout(BackupKind.SHARD, packed=packed)
    if storage := prefixes(found):
        return Layout(BackupKind.ARCHIVE, prefix=min(storage), packed=False)
    if folders := collection_prefixes(found):
        return Layout(BackupKind.FOLDER_ARCHIVE, prefix=min(folders), packed=False)
    return None


def prefixes(names: Iterable[str]) -> set[str]:
    """Return the paths in an archive at which storage directories begin: "" or "qdrant/storage/"."""
    found = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-1] == "config.json" and parts[-3] == "collections":
            found.add("".join(f"{part}/" for part in parts[:-3]))
        elif parts and parts[-1] == "raft_state.json":
            found.add("".join(f"{part}/" for part in parts[:-1]))
    return found


def collection_prefixes(names: Iterable[str]) -> set[str]:
    """Return the paths in an archive at which collection directories begin: "" or "backup/NAME/"."""
    return {match["prefix"] for match in map(_PLAIN.match, names) if match}


def collection_of(file: str) -> str | None:
    """Return the collection name in a snapshot's file name: NAME-PEER-YYYY-MM-DD-hh-mm-ss.snapshot."""
    match = _SNAPSHOT.match(file)
    return match["name"] if match else None


def check_collection(name: str, archive: str) -> str:
    """Return the name if it is valid for a Qdrant collection; otherwise raise Problem."""
    if not 0 < len(name.encode(errors="replace")) <= 255 or name in (".", "..") or _FORBIDDEN & set(name):
        raise Problem(
            f"cannot use {archive}", f"{name!r} is no name of a collection", "use a backup that Qdrant itself made"
        )
    return name


def not_a_backup(path: str, names: list[str]) -> Problem:
    """Return the Problem for an archive that is not a backup, with its top-level names."""
    tops = {PurePosixPath(name).parts[0] for name in names}
    shown = ", ".join(sorted(tops)[:5])
    return Problem(
        f"cannot use {path}",
        f"no Qdrant collection is in it (at its top: {shown or 'nothing'})",
        "pass a storage directory, the directory of a collection, a tar of either, or a snapshot that Qdrant made",
    )
