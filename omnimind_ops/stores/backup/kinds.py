"""Detect the kind of a Qdrant backup from the names and the small JSON files in it. Pure."""

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


MULTI_COLLECTION = (BackupKind.STORAGE, BackupKind.ARCHIVE, BackupKind.FULL)
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


def detect_layout(names: Iterable[str], config: Mapping[str, Any] | None) -> Layout | None:
    """Return how to read an archive with these files and this config.json at its top; None for anything else.

    `collections` is still empty. `storage_prefixes` and `collection_prefixes` detect several storage directories or
    collections in one archive.
    """
    names = list(names)
    packed = any(map(_PACKED.match, names))
    if config is not None and "collections_mapping" in config:
        return Layout(BackupKind.FULL)
    if config is not None and "params" in config and packed:
        return Layout(BackupKind.COLLECTION)
    if config is None and (packed or any(map(_PLAIN_SHARD.match, names))):
        return Layout(BackupKind.SHARD, packed=packed)
    if prefixes := storage_prefixes(names):
        return Layout(BackupKind.ARCHIVE, prefix=min(prefixes), packed=False)
    if prefixes := collection_prefixes(names):
        return Layout(BackupKind.FOLDER_ARCHIVE, prefix=min(prefixes), packed=False)
    return None


def storage_prefixes(names: Iterable[str]) -> set[str]:
    """Return the paths in an archive at which storage directories begin: "" or "qdrant/storage/"."""
    prefixes = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-1] == "config.json" and parts[-3] == "collections":
            prefixes.add("".join(f"{part}/" for part in parts[:-3]))
        elif parts and parts[-1] == "raft_state.json":
            prefixes.add("".join(f"{part}/" for part in parts[:-1]))
    return prefixes


def collection_prefixes(names: Iterable[str]) -> set[str]:
    """Return the paths in an archive at which collection directories begin: "" or "backup/NAME/"."""
    return {match["prefix"] for match in map(_PLAIN.match, names) if match}


def collection_from_file_name(file: str) -> str | None:
    """Return the collection name in a snapshot's file name: NAME-PEER-YYYY-MM-DD-hh-mm-ss.snapshot."""
    match = _SNAPSHOT.match(file)
    return match["name"] if match else None


def check_collection(name: str, archive: str) -> str:
    """Return the name if it is valid for a Qdrant collection; otherwise raise Problem."""
    if not 0 < len(name.encode(errors="replace")) <= 255 or name in (".", "..") or _FORBIDDEN & set(name):
        raise Problem(
            f"cannot use {archive}",
            f"{name!r} is not a valid collection name",
            "use a backup that Qdrant itself made",
        )
    return name


def not_a_backup(path: str, names: list[str]) -> Problem:
    """Return the Problem for an archive that is not a backup, with its top-level names."""
    top_level = ", ".join(sorted({PurePosixPath(name).parts[0] for name in names})[:5])
    return Problem(
        f"cannot use {path}",
        f"it contains no Qdrant collection (top level: {top_level or 'nothing'})",
        "pass a storage directory, a collection's directory, a tar archive of either, or a snapshot that Qdrant made",
    )
