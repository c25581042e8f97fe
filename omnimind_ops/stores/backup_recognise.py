"""Say what a backup of Qdrant is, and that it is whole, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores import qdrant_storage
from omnimind_ops.stores.backup_checksum import verify_checksum
from omnimind_ops.stores.backup_kinds import BackupKind, check_collection, collection_of, kind_of, not_a_backup, prefixes
from omnimind_ops.stores.backup_leaves import Layout, Leaf, OldEra, leaves, small_json
from omnimind_ops.stores.backup_tar import broken, members, opened


@dataclass(frozen=True)
class Backup:
    """A backup that can be restored. Sizes in bytes, with holes and without.

    `storage` is the directory inside `path` for a directory. `aliases` is None where the backup does not hold them (collection snapshots
    never do). `checksum` is "verified" or "absent". `notes` are for a person. No backup tells the version of Qdrant that made it.
    """

    path: Path
    kind: BackupKind
    compression: str
    collections: tuple[str, ...]
    aliases: Mapping[str, str] | None
    apparent: int
    stored: int
    checksum: str
    layout: Layout
    storage: Path | None = None
    notes: tuple[str, ...] = ()
    seen: tuple[int, int] = field(default=(0, 0), repr=False)  # size and mtime of the file when it was looked at


def recognise(path: Path, collection: str | None = None) -> Backup:
    """Say what a backup is and that it is whole. Read-only.

    A storage directory (also up to two levels further down), a tar, tar.gz or tar.zst of one, a collection snapshot or a full snapshot;
    with FILE.checksum or FILE.sha256 beside it, that is compared. `collection` names what a collection snapshot holds when its file name
    does not. Problem for all else: damaged, cut off, with links or names that lead outside, of the RocksDB era, unfinished, foreign.
    """
    if path.is_dir():
        return _directory(path)
    checksum = "verified" if path.is_file() and verify_checksum(path) else "absent"
    with opened(path) as (file, compression):
        names: list[str] = []
        config: Any = None
        for member in members(file, str(path)):
            if member.name and not member.folder:
                names.append(member.name)
            if member.name == "config.json":
                config = small_json(member, str(path))
    kind = kind_of(names, config if isinstance(config, Mapping) else None)
    if kind is None:
        raise not_a_backup(str(path), names)
    layout = _layout(path, kind, names, config, collection)
    return _survey(path, compression, checksum, layout, config)


def _directory(path: Path) -> Backup:
    found = [place for depth in ("", "*", "*/*") for place in sorted(path.glob(depth) if depth else [path]) if qdrant_storage.looks_like_storage(place)]
    found = [place for place in found if not any(other in place.parents for other in found)]
    if len(found) != 1:
        why = f"it holds several storage directories: {', '.join(map(str, found))}" if found else "no Qdrant storage is in it"
        raise Problem(f"cannot use {path}", why, "name the directory that has collections/ in it")
    facts = qdrant_storage.storage_facts(found[0])
    qdrant_storage.refuse_rocksdb(facts)
    if facts.unfinished:
        raise _unfinished(path, facts.unfinished[0])
    if facts.broken:
        raise broken(str(path), f"collections/{facts.broken[0]}/config.json cannot be read")
    return Backup(
        path,
        BackupKind.STORAGE,
        "",
        tuple(facts.collections),
        facts.aliases,
        facts.apparent,
        facts.stored,
        "absent",
        Layout(BackupKind.STORAGE),
        storage=found[0],
    )


def _layout(path: Path, kind: BackupKind, names: list[str], config: Any, collection: str | None) -> Layout:
    if kind is BackupKind.ARCHIVE:
        found = prefixes(names)
        if len(found) != 1:
            raise Problem(f"cannot use {path}", f"several storage directories are in it: {', '.join(sorted(found))}", "pass an archive of one of them")
        return Layout(kind, prefix=found.pop())
    if kind is BackupKind.FULL:
        mapping = {str(file): check_collection(str(name), str(path)) for name, file in dict(config["collections_mapping"]).items()}
        if missing := sorted(mapping.keys() - set(names)):
            raise broken(str(path), f"{missing[0]} is missing in it")
        return Layout(kind, collections=mapping)
    name = collection or collection_of(path.name)
    if name is None:
        raise Problem(
            f"cannot tell which collection {path} holds",
            "a collection snapshot does not say it inside, and the file name is not NAME-PEER-DATE.snapshot",
            "give it the name that Qdrant gave it, or pass the collection's name",
        )
    return Layout(kind, collections={"": check_collection(name, str(path))})


def _survey(path: Path, compression: str, checksum: str, layout: Layout, config: Any) -> Backup:
    """Go through all that would be unpacked, without writing."""
    paths: set[str] = set()
    apparent = stored = 0
    aliases: Mapping[str, str] | None = {} if layout.kind is BackupKind.ARCHIVE else None
    if layout.kind is BackupKind.FULL:
        aliases = _aliases(config.get("collections_aliases"), path)
    try:
        with opened(path) as (file, _):
            for leaf in leaves(file, layout, str(path)):
                _once(paths, leaf, path)
                apparent += leaf.member.size
                stored += sum(length for _, length in leaf.member.extents) + 4096
                if layout.kind is BackupKind.ARCHIVE and leaf.path == "aliases/data.json":
                    aliases = _aliases(small_json(leaf.member, str(path)), path)
    except OldEra as error:
        raise qdrant_storage.rocksdb_problem(path, str(error)) from error
    collections = _complete(paths, layout, path)
    seen = path.stat()
    notes = ("aliases are not part of a collection snapshot: create them again",) if layout.kind is BackupKind.COLLECTION else ()
    return Backup(path, layout.kind, compression, collections, aliases, apparent, stored, checksum, layout, notes=notes, seen=(seen.st_size, seen.st_mtime_ns))


def _once(paths: set[str], leaf: Leaf, path: Path) -> None:
    if leaf.path in paths and not leaf.member.folder:
        raise broken(str(path), f"{leaf.path} is in it twice")
    paths.add(leaf.path)
    if PurePosixPath(leaf.path).match("collections/*/shard_*.initializing"):
        raise _unfinished(path, leaf.path)


def _complete(paths: set[str], layout: Layout, path: Path) -> tuple[str, ...]:
    """Return the collections; Problem when one lacks what a server needs to load it."""
    folders = {str(parent) for one in paths for parent in PurePosixPath(one).parents} | paths
    found = sorted({name.split("/")[1] for name in folders if name.startswith("collections/") and name.count("/") >= 1})
    for name in sorted({*found, *layout.collections.values()}):
        home = f"collections/{name}"
        shards = [folder for folder in folders if PurePosixPath(folder).parent == PurePosixPath(home) and PurePosixPath(folder).name.isdigit()]
        wanted = [f"{home}/config.json", *(f"{shard}/{part}" for shard in shards or [f"{home}/0"] for part in ("segments", "wal"))]
        if lacking := [one for one in wanted if one not in folders]:
            raise broken(str(path), f"{lacking[0]} is missing in it")
    return tuple(found)


def _aliases(said: object, path: Path) -> dict[str, str]:
    if said is not None and not isinstance(said, Mapping):
        raise broken(str(path), "its aliases cannot be read")
    return {str(alias): str(target) for alias, target in (said or {}).items()}


def _unfinished(path: Path, mark: str) -> Problem:
    return Problem(
        f"cannot use {path}",
        f"{mark} says that a restore was cut off: that shard would load empty",
        "restore the collection in the old server first, or use another backup",
    )
