"""Detect the kind of a Qdrant backup and check that it is complete, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import shard
from omnimind_ops.stores.backup.checksum import embedded_checksum, verify_checksum
from omnimind_ops.stores.backup.contents import ALIASES, Contents, read_directory
from omnimind_ops.stores.backup.flatten import flatten, read_object, read_small_file
from omnimind_ops.stores.backup.kinds import (
    MULTI_COLLECTION,
    BackupKind,
    Layout,
    check_collection,
    collection_from_file_name,
    collection_prefixes,
    detect_layout,
    not_a_backup,
    storage_prefixes,
)
from omnimind_ops.stores.backup.tar import damaged, members, open_archive
from omnimind_ops.stores.files.space import stored_bytes
from omnimind_ops.stores.files.walk import walk
from omnimind_ops.stores.json_object import as_object
from omnimind_ops.stores.qdrant import storage as qdrant_storage

ConfigOf = Callable[[str], Mapping[str, Any] | None]
"""Returns a collection's configuration by name, None when it is unknown."""


def no_config(_: str) -> None:
    """Return None: no collection's configuration is known."""


@dataclass(frozen=True)
class Backup:
    """A backup that can be restored. Sizes are in bytes, with and without holes.

    `storage` is the directory to copy when the backup is a directory of a storage or of one collection. `aliases` is
    None when the backup does not contain them (a backup of one collection never does). `notes` are messages for the
    user. `extra_files` holds small files that this kind of backup lacks, by their path in the storage directory. No
    backup records the version of Qdrant that made it.
    """

    path: Path
    kind: BackupKind
    compression: str
    collections: tuple[str, ...]
    aliases: Mapping[str, str] | None
    apparent: int
    stored: int
    checksum: Checksum
    layout: Layout
    storage: Path | None = None
    notes: tuple[str, ...] = ()
    extra_files: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, int] = field(default_factory=dict)  # at most, by collection; left out when unknown
    written: float = 0.0  # unix time of its newest file
    file_stamp: tuple[int, int] = field(default=(0, 0), repr=False)  # size and mtime of the file when it was read


def detect(path: Path, collection: str | None = None, config_of: ConfigOf = no_config, sha256: str = "") -> Backup:
    """Return the kind and contents of a backup after checking that it is complete. Read-only.

    Accepted: a storage directory (up to two levels further down), the directory of one collection, a tar of either
    (also compressed), a collection snapshot, a shard snapshot or a full snapshot. FILE.checksum or FILE.sha256
    beside it is compared. `collection` names the collection of a single-collection backup whose name does not
    contain it. `config_of` returns the configuration of a shard snapshot's collection by name. `sha256` is the
    checksum of a snapshot from the server that made it, "" when unknown. Problem for everything else: damaged,
    truncated, with links or names that lead outside, unfinished, foreign.
    """
    if path.is_dir():
        return _detect_directory(path, collection)
    verified = path.is_file() and verify_checksum(path, sha256)
    with open_archive(path) as (file, compression):
        names: list[str] = []
        top: Mapping[str, Any] | None = None
        for member in members(file, str(path)):
            if member.name and not member.folder:
                names.append(member.name)
            if member.name == "config.json":
                top = read_object(member, str(path))
    layout = detect_layout(names, top)
    if layout is None:
        raise not_a_backup(str(path), names)
    layout = _with_collection_names(path, layout, names, top or {}, collection)
    checksum = Checksum.VERIFIED if verified else embedded_checksum(path)
    return _read_archive(path, compression, checksum, layout, top or {}, config_of)


def _detect_directory(path: Path, collection: str | None) -> Backup:
    levels = [sorted(path.glob(depth)) if depth else [path] for depth in ("", "*", "*/*")]
    storages = [folder for level in levels for folder in level if qdrant_storage.looks_like_storage(folder)]
    storages = [folder for folder in storages if not any(parent in storages for parent in folder.parents)]
    if not storages and shard.load_config(path / "config.json") is not None:
        return _detect_collection_directory(path, collection)
    if not storages and _has_collections(path):
        raise _only_collections(path)
    if len(storages) != 1:
        several = f"it contains several storage directories: {', '.join(map(str, storages))}"
        fix = "pass the directory that contains collections/, or the directory of one collection"
        raise Problem(f"cannot use {path}", several if storages else "it contains no Qdrant storage", fix)
    storage = storages[0]
    layout = Layout(BackupKind.STORAGE, packed=False)
    _refuse_collection_option(path, layout, collection)
    contents = read_directory(storage, "", str(path))
    contents.check(snapshot=False, aliases=True)
    facts = qdrant_storage.storage_facts(storage)
    names = tuple(facts.collections)
    return Backup(
        path,
        BackupKind.STORAGE,
        "",
        names,
        facts.aliases,
        facts.apparent,
        facts.stored,
        Checksum.FOLDER,
        layout,
        storage=storage,
        points=contents.points(),
        written=_newest(storage),
    )


def _has_collections(path: Path) -> bool:
    return any(shard.load_config(config) is not None for config in path.glob("*/config.json"))


def _only_collections(path: Path) -> Problem:
    """Return the Problem for the folder `collections` of a storage: aliases are beside it."""
    beside = path.resolve().parent
    if path.resolve().name == "collections" and (beside / ALIASES).is_file():
        fix = f"pass {beside}"
    else:
        fix = (
            "copy the whole storage directory from the machine that made it. If there were no aliases, put this folder "
            f"into another one as collections/, beside a file {ALIASES} with the content {{}}, and pass that"
        )
    return Problem(
        f"cannot use {path}",
        f"it contains only collections: the aliases ({ALIASES}) are not in it and would be lost",
        fix,
    )


def _detect_collection_directory(path: Path, collection: str | None) -> Backup:
    layout = _with_collection_names(path, Layout(BackupKind.FOLDER, packed=False), [], {}, collection)
    name = layout.collections[""]
    contents = read_directory(path, f"collections/{name}/", str(path))
    contents.check(snapshot=False)
    tree = walk(path, live=True)
    return Backup(
        path,
        BackupKind.FOLDER,
        "",
        (name,),
        None,
        tree.apparent,
        stored_bytes(tree),
        Checksum.FOLDER,
        layout,
        storage=path,
        notes=_notes(layout),
        points=contents.points(),
        written=_newest(path),
    )


def _with_collection_names(
    path: Path, layout: Layout, names: list[str], top: Mapping[str, Any], collection: str | None
) -> Layout:
    """Return the layout with the names of the collections."""
    _refuse_collection_option(path, layout, collection)
    if layout.kind is BackupKind.ARCHIVE:
        _refuse_several(path, storage_prefixes(names), "storage directories")
        return layout
    if layout.kind is BackupKind.FULL:
        mapping = {
            str(file): check_collection(str(name), str(path)) for name, file in dict(top["collections_mapping"]).items()
        }
        if missing := sorted(mapping.keys() - set(names)):
            raise damaged(str(path), f"{missing[0]} is missing")
        return replace(layout, collections=mapping)
    if layout.kind is BackupKind.FOLDER_ARCHIVE:
        _refuse_several(path, collection_prefixes(names), "collections")
    name = collection or _collection_from_path(path, layout)
    if not name:
        raise Problem(
            f"cannot determine which collection {path} contains",
            f"a {layout.kind} does not record its collection, and the file name is not in Qdrant's format",
            "pass the collection's name: --qdrant-collection NAME",
        )
    return replace(layout, collections={"": check_collection(name, str(path))})


def _collection_from_path(path: Path, layout: Layout) -> str | None:
    """Return the collection name from the name of the file or its directory."""
    if layout.kind is BackupKind.COLLECTION:
        return collection_from_file_name(path.name)
    if layout.kind is BackupKind.FOLDER:
        return path.resolve().name
    return layout.prefix.rstrip("/").rpartition("/")[2] if layout.kind is BackupKind.FOLDER_ARCHIVE else None


def _refuse_collection_option(path: Path, layout: Layout, collection: str | None) -> None:
    if collection and layout.kind in MULTI_COLLECTION:
        raise Problem(
            f"cannot restore {path} as {collection}",
            f"it is a {layout.kind}, which contains the names of its collections",
            "omit --qdrant-collection; it is for a backup of one collection",
        )


def _refuse_several(path: Path, prefixes: set[str], what: str) -> None:
    if len(prefixes) != 1:
        names = ", ".join(sorted(prefixes))
        raise Problem(f"cannot use {path}", f"it contains several {what}: {names}", "pass an archive of one of them")


def _read_archive(
    path: Path, compression: str, checksum: Checksum, layout: Layout, top: Mapping[str, Any], config_of: ConfigOf
) -> Backup:
    """Read everything that would be unpacked, without writing."""
    contents = Contents(str(path))
    apparent, size, written = _read_entries(path, layout, contents)
    aliases = _parse_aliases(top.get("collections_aliases"), path) if layout.kind is BackupKind.FULL else None
    extra_files: dict[str, str] = {}
    if layout.kind is BackupKind.SHARD:
        name = layout.collections[""]
        extra_files = shard.collection_files(name, contents, config_of(name), str(path))
        for name, text in extra_files.items():
            contents.add(name, text.encode)
    contents.check(snapshot=layout.packed, aliases=layout.kind is BackupKind.ARCHIVE)
    if layout.kind is BackupKind.ARCHIVE:
        aliases = contents.aliases()
    if missing := sorted(set(layout.collections.values()) - set(contents.collections())):
        raise damaged(str(path), f"collections/{missing[0]} is missing")
    file_status = path.stat()
    return Backup(
        path,
        layout.kind,
        compression,
        contents.collections(),
        aliases,
        apparent,
        size,
        checksum,
        layout,
        notes=_notes(layout),
        extra_files=extra_files,
        points=contents.points(),
        written=written,
        file_stamp=(file_status.st_size, file_status.st_mtime_ns),
    )


def _read_entries(path: Path, layout: Layout, contents: Contents) -> tuple[int, int, float]:
    """Record every entry of an archive in `contents`; return the total sizes with and without holes, and the time of
    the newest file.
    """
    apparent, size, written = 0, 0, 0.0
    with open_archive(path) as (file, _):
        for entry in flatten(file, layout, str(path)):
            member = entry.member
            contents.add(entry.path, None if member.folder else partial(read_small_file, member, str(path)))
            apparent += member.size
            size += sum(length for _, length in member.extents) + 4096
            written = max(written, member.info.mtime)
    return apparent, size, written


def _newest(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.rglob("*") if path.is_file()), default=0.0)


def _notes(layout: Layout) -> tuple[str, ...]:
    if layout.kind in MULTI_COLLECTION:
        return ()
    return (f"a {layout.kind} contains no aliases: create them again",)


def _parse_aliases(value: object, path: Path) -> dict[str, str]:
    try:
        aliases = as_object(value or {})
    except ValueError as error:
        raise damaged(str(path), "its aliases are not a JSON object") from error
    return {str(alias): str(target) for alias, target in aliases.items()}
