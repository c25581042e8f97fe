"""Recognise a Qdrant backup and check that it is complete, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import shard
from omnimind_ops.stores.backup.checksum import own_checksum, verify_checksum
from omnimind_ops.stores.backup.contents import Contents, of_directory
from omnimind_ops.stores.backup.kinds import (
    SEVERAL,
    BackupKind,
    Layout,
    check_collection,
    collection_of,
    collection_prefixes,
    layout_of,
    not_a_backup,
    prefixes,
)
from omnimind_ops.stores.backup.leaves import leaves, small_bytes, small_json
from omnimind_ops.stores.backup.tar import broken, members, opened
from omnimind_ops.stores.files.space import stored
from omnimind_ops.stores.files.walk import walk
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
    user. `written` holds small files that this kind of backup lacks, by their path in the storage directory. No backup
    records the version of Qdrant that made it.
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
    written: Mapping[str, str] = field(default_factory=dict)
    seen: tuple[int, int] = field(default=(0, 0), repr=False)  # size and mtime of the file when it was recognised


def recognise(path: Path, collection: str | None = None, config_of: ConfigOf = no_config, sha256: str = "") -> Backup:
    """Return the kind and contents of a backup after checking that it is complete. Read-only.

    Accepted: a storage directory (up to two levels further down), the directory of one collection, a tar, tar.gz or
    tar.zst of either, a collection snapshot, a shard snapshot or a full snapshot. FILE.checksum or FILE.sha256 beside
    it is compared. `collection` names the collection of a single-collection backup whose name does not contain it.
    `config_of` returns the configuration of a shard snapshot's collection by name. `sha256` is the checksum of a
    snapshot from the server that made it, "" when unknown. Problem for everything else: damaged, truncated, with links
    or names that lead outside, unfinished, foreign.
    """
    if path.is_dir():
        return _directory(path, collection)
    verified = path.is_file() and verify_checksum(path, sha256)
    with opened(path) as (file, compression):
        names: list[str] = []
        top: Any = None
        for member in members(file, str(path)):
            if member.name and not member.folder:
                names.append(member.name)
            if member.name == "config.json":
                top = small_json(member, str(path))
    layout = layout_of(names, top if isinstance(top, Mapping) else None)
    if layout is None:
        raise not_a_backup(str(path), names)
    layout = _named(path, layout, names, top, collection)
    checksum = Checksum.VERIFIED if verified else own_checksum(path)
    return _survey(path, compression, checksum, layout, top, config_of)


def _directory(path: Path, collection: str | None) -> Backup:
    levels = [sorted(path.glob(depth)) if depth else [path] for depth in ("", "*", "*/*")]
    found = [place for level in levels for place in level if qdrant_storage.looks_like_storage(place)]
    found = [place for place in found if not any(other in place.parents for other in found)]
    if not found and shard.config_of(path / "config.json") is not None:
        return _collection_directory(path, collection)
    if len(found) != 1:
        several = f"it holds several storage directories: {', '.join(map(str, found))}"
        fix = "name the directory that has collections/ in it, or the directory of one collection"
        raise Problem(f"cannot use {path}", several if found else "no Qdrant storage is in it", fix)
    layout = Layout(BackupKind.STORAGE, packed=False)
    _refuse_name(path, layout, collection)
    of_directory(found[0], "", str(path)).check(snapshot=False, whole=True)
    facts = qdrant_storage.storage_facts(found[0])
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
        storage=found[0],
    )


def _collection_directory(path: Path, collection: str | None) -> Backup:
    layout = _named(path, Layout(BackupKind.FOLDER, packed=False), [], None, collection)
    name = layout.collections[""]
    of_directory(path, f"collections/{name}/", str(path)).check(snapshot=False)
    tree = walk(path, live=True)
    return Backup(
        path,
        BackupKind.FOLDER,
        "",
        (name,),
        None,
        tree.apparent,
        stored(tree),
        Checksum.FOLDER,
        layout,
        storage=path,
        notes=_notes(layout),
    )


def _named(path: Path, layout: Layout, names: list[str], top: Any, collection: str | None) -> Layout:
    """Return the layout with the names of the collections."""
    _refuse_name(path, layout, collection)
    if layout.kind is BackupKind.ARCHIVE:
        _one_of(path, prefixes(names), "storage directories")
        return layout
    if layout.kind is BackupKind.FULL:
        mapping = {
            str(file): check_collection(str(name), str(path)) for name, file in dict(top["collections_mapping"]).items()
        }
        if missing := sorted(mapping.keys() - set(names)):
            raise broken(str(path), f"{missing[0]} is missing in it")
        return replace(layout, collections=mapping)
    if layout.kind is BackupKind.FOLDER_ARCHIVE:
        _one_of(path, collection_prefixes(names), "collections")
    name = collection or _told(path, layout)
    if not name:
        raise Problem(
            f"cannot tell which collection {path} holds",
            f"a {layout.kind} does not say it inside, and its name is not one that Qdrant gave it",
            "pass the collection's name: --qdrant-collection NAME",
        )
    return replace(layout, collections={"": check_collection(name, str(path))})


def _told(path: Path, layout: Layout) -> str | None:
    """Return the collection name from the name of the file or its directory."""
    if layout.kind is BackupKind.COLLECTION:
        return collection_of(path.name)
    if layout.kind is BackupKind.FOLDER:
        return path.resolve().name
    return layout.prefix.rstrip("/").rpartition("/")[2] if layout.kind is BackupKind.FOLDER_ARCHIVE else None


def _refuse_name(path: Path, layout: Layout, collection: str | None) -> None:
    if collection and layout.kind in SEVERAL:
        raise Problem(
            f"cannot restore {path} as {collection}",
            f"it is a {layout.kind}, which names its collections itself",
            "leave --qdrant-collection out; it is for a backup of one collection",
        )


def _one_of(path: Path, found: set[str], what: str) -> None:
    if len(found) != 1:
        shown = ", ".join(sorted(found))
        raise Problem(f"cannot use {path}", f"several {what} are in it: {shown}", "pass an archive of one of them")


def _survey(path: Path, compression: str, checksum: Checksum, layout: Layout, top: Any, config_of: ConfigOf) -> Backup:
    """Read everything that would be unpacked, without writing."""
    contents = Contents(str(path))
    apparent = size = 0
    aliases: Mapping[str, str] | None = {} if layout.kind is BackupKind.ARCHIVE else None
    if layout.kind is BackupKind.FULL:
        aliases = _aliases(top.get("collections_aliases"), path)
    with opened(path) as (file, _):
        for leaf in leaves(file, layout, str(path)):
            member = leaf.member
            contents.add(leaf.path, None if member.folder else partial(small_bytes, member, str(path)))
            apparent += member.size
            size += sum(length for _, length in member.extents) + 4096
            if layout.kind is BackupKind.ARCHIVE and leaf.path == "aliases/data.json":
                aliases = _aliases(small_json(member, str(path)), path)
    written: dict[str, str] = {}
    if layout.kind is BackupKind.SHARD:
        name = layout.collections[""]
        written = shard.collection_files(name, contents, config_of(name), str(path))
        for name, text in written.items():
            contents.add(name, text.encode)
    contents.check(snapshot=layout.packed, whole=layout.kind is BackupKind.ARCHIVE)
    if lost := sorted(set(layout.collections.values()) - set(contents.collections())):
        raise broken(str(path), f"collections/{lost[0]} is missing in it")
    seen = path.stat()
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
        written=written,
        seen=(seen.st_size, seen.st_mtime_ns),
    )


def _notes(layout: Layout) -> tuple[str, ...]:
    if layout.kind in SEVERAL:
        return ()
    return (f"aliases are not part of a {layout.kind}: create them again",)


def _aliases(said: object, path: Path) -> dict[str, str]:
    if said is not None and not isinstance(said, Mapping):
        raise broken(str(path), "its aliases cannot be read")
    return {str(alias): str(target) for alias, target in (said or {}).items()}
