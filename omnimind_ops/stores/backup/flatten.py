"""Flatten a packed backup: yield its files by their paths in a storage directory, also those in nested archives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from omnimind_ops.stores.backup import rocksdb
from omnimind_ops.stores.backup.kinds import BackupKind, Layout
from omnimind_ops.stores.backup.tar import Member, damage_as_problem, damaged, members
from omnimind_ops.stores.json_object import parse_object

_MAX_SMALL_FILE = 16 << 20
LAST_OF_SEGMENT = "snapshot/files/version.info"
"""The last file that Qdrant writes into a segment's archive, which then ends without the two empty blocks of a tar."""


@dataclass(frozen=True)
class StorageEntry:
    """A file or directory of the future storage directory. `metadata`: it is read for its content and not written."""

    path: str
    member: Member
    metadata: bool = False


def flatten(file: IO[bytes], layout: Layout, name: str) -> Iterator[StorageEntry]:
    """Yield all files and directories to write. Problem for any damage."""
    for member in members(file, name):
        if layout.kind in (BackupKind.ARCHIVE, BackupKind.FOLDER_ARCHIVE):
            if member.name.startswith(layout.prefix) and (rest := member.name[len(layout.prefix) :]):
                folder = f"collections/{layout.collections['']}/" if layout.collections else ""
                yield StorageEntry(folder + rest, member)
        elif layout.kind is BackupKind.FULL:
            if member.name in layout.collections:
                collection, nested = layout.collections[member.name], f"{name}: {member.name}"
                for inner in members(_open_nested(member, name), nested):
                    yield from _flatten_collection(inner, inner.name, collection, nested, packed=True)
        else:
            path = f"0/{member.name}" if layout.kind is BackupKind.SHARD else member.name
            yield from _flatten_collection(member, path, layout.collections[""], name, packed=layout.packed)


def read_object(member: Member, name: str) -> Mapping[str, Any]:
    """Return the JSON object in a small file of an archive; Problem when it contains no JSON object."""
    with damage_as_problem(f"{name}: {member.name}"):
        return parse_object(read_small_file(member, name))


def read_small_file(member: Member, name: str) -> bytes:
    """Return the bytes of a small file of an archive; Problem when it is not small."""
    if member.size > _MAX_SMALL_FILE:
        raise damaged(name, f"{member.name} is larger than {_MAX_SMALL_FILE >> 20} MiB")
    with damage_as_problem(f"{name}: {member.name}"):
        return member.open().read()


def _flatten_collection(
    member: Member, path: str, collection: str, name: str, *, packed: bool
) -> Iterator[StorageEntry]:
    """Yield the files of one member; `path` is its name in the collection's directory."""
    folder = f"collections/{collection}"
    parts = PurePosixPath(path).parts
    if len(parts) < 3 or not parts[0].isdigit() or parts[1] != "segments" or not packed:
        if parts:
            yield StorageEntry(f"{folder}/{path}", member)
        return
    segment = f"{folder}/{parts[0]}/segments/{parts[2].removesuffix('.tar')}"
    if len(parts) == 3 and parts[2].endswith(".tar") and not member.folder:
        empty = True
        for inner in members(_open_nested(member, name), f"{name}: {member.name}", last=LAST_OF_SEGMENT):
            empty = False
            yield from _flatten_segment(inner, PurePosixPath(inner.name).parts[1:], segment, name)
        if empty:
            raise damaged(name, f"{member.name} is empty")
    else:
        yield from _flatten_segment(member, parts[3:], segment, name)


def _flatten_segment(member: Member, parts: tuple[str, ...], segment: str, name: str) -> Iterator[StorageEntry]:
    """Yield the files of one member of a segment. `files/…` is the segment; directories beside it are RocksDB
    backups.
    """
    if not parts:
        if member.folder:
            yield StorageEntry(segment, member)
    elif parts[0] == "files":
        yield StorageEntry("/".join((segment, *parts[1:])), member)
    elif parts[0] not in rocksdb.DATABASE_FOLDERS:
        raise damaged(name, f"{segment} contains {parts[0]}, which no Qdrant snapshot contains")
    elif not member.folder:
        database = f"{segment}/{rocksdb.DATABASE_FOLDERS[parts[0]]}"
        try:
            if rocksdb.is_file_list(parts[1:]):
                yield StorageEntry(f"{database}{ROCKSDB_FILE_LIST}", member, metadata=True)
            else:
                yield StorageEntry(database + rocksdb.original_name(parts[1:]), member)
        except rocksdb.UnknownFileError as error:
            raise damaged(name, f"the RocksDB backup of {segment} contains {error}, which is unknown") from error


ROCKSDB_FILE_LIST = ".rocksdb-files"
"""Name under which `flatten` yields the file list of a RocksDB backup."""


def _open_nested(member: Member, name: str) -> IO[bytes]:
    if member.folder:
        raise damaged(name, f"{member.name} is a directory, not an archive")
    return member.open()
