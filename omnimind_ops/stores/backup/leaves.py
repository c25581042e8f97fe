"""The files of a packed backup under their names in a storage directory. Nested archives are opened on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from omnimind_ops.stores.backup import rocksdb
from omnimind_ops.stores.backup.kinds import BackupKind, Layout
from omnimind_ops.stores.backup.tar import Member, broken, damage, members

_SMALL = 16 << 20
LAST_OF_SEGMENT = "snapshot/files/version.info"
"""The last file that Qdrant writes into a segment's archive, which then ends without the two empty blocks of a tar."""


@dataclass(frozen=True)
class Leaf:
    """A file or directory of the future storage directory. `written`: it is written, not only read for its
    information.
    """

    path: str
    member: Member
    written: bool = True


def leaves(file: IO[bytes], layout: Layout, name: str) -> Iterator[Leaf]:
    """Yield all files and directories to write. Problem for any damage."""
    for member in members(file, name):
        if layout.kind in (BackupKind.ARCHIVE, BackupKind.FOLDER_ARCHIVE):
            if member.name.startswith(layout.prefix) and (rest := member.name[len(layout.prefix) :]):
                home = f"collections/{layout.collections['']}/" if layout.collections else ""
                yield Leaf(home + rest, member)
        elif layout.kind is BackupKind.FULL:
            if member.name in layout.collections:
                inside = f"{name}: {member.name}"
                for inner in members(_inside(member, name), inside):
                    yield from _of_collection(inner, inner.name, layout.collections[member.name], inside, packed=True)
        else:
            place = f"0/{member.name}" if layout.kind is BackupKind.SHARD else member.name
            yield from _of_collection(member, place, layout.collections[""], name, packed=layout.packed)


def small_json(member: Member, name: str) -> Any:
    """Return the content of a small JSON file of an archive; Problem when it is not JSON."""
    with damage(f"{name}: {member.name}"):
        return json.loads(small_bytes(member, name))


def small_bytes(member: Member, name: str) -> bytes:
    """Return the bytes of a small file of an archive; Problem when it is not small."""
    if member.size > _SMALL:
        raise broken(name, f"{member.name} is larger than it ever is")
    with damage(f"{name}: {member.name}"):
        return member.open().read()


def _of_collection(member: Member, place: str, collection: str, name: str, *, packed: bool) -> Iterator[Leaf]:
    """Yield the files of one member; `place` is its name in the collection's directory."""
    home = f"collections/{collection}"
    parts = PurePosixPath(place).parts
    if len(parts) < 3 or not parts[0].isdigit() or parts[1] != "segments" or not packed:
        if parts:
            yield Leaf(f"{home}/{place}", member)
        return
    segment = f"{home}/{parts[0]}/segments/{parts[2].removesuffix('.tar')}"
    if len(parts) == 3 and parts[2].endswith(".tar") and not member.folder:
        empty = True
        for inner in members(_inside(member, name), f"{name}: {member.name}", last=LAST_OF_SEGMENT):
            empty = False
            yield from _of_segment(inner, PurePosixPath(inner.name).parts[1:], segment, name)
        if empty:
            raise broken(name, f"{member.name} is empty")
    else:
        yield from _of_segment(member, parts[3:], segment, name)


def _of_segment(member: Member, parts: tuple[str, ...], segment: str, name: str) -> Iterator[Leaf]:
    """Yield the files of one member of a segment. `files/…` is the segment; directories beside it are RocksDB
    backups.
    """
    if not parts:
        if member.folder:
            yield Leaf(segment, member)
    elif parts[0] == "files":
        yield Leaf("/".join((segment, *parts[1:])), member)
    elif parts[0] not in rocksdb.HOMES:
        raise broken(name, f"{segment} has a {parts[0]}, which no snapshot of Qdrant has")
    elif not member.folder:
        home = f"{segment}/{rocksdb.HOMES[parts[0]]}"
        try:
            if rocksdb.is_list(parts[1:]):
                yield Leaf(f"{home}{LIST}", member, written=False)
            else:
                yield Leaf(home + rocksdb.restored(parts[1:]), member)
        except rocksdb.UnknownFileError as error:
            raise broken(name, f"{segment} has a RocksDB backup with {error}, which Qdrant never makes") from error


LIST = ".rocksdb-files"
"""Name under which `leaves` yields the file list of a RocksDB backup."""


def _inside(member: Member, name: str) -> IO[bytes]:
    if member.folder:
        raise broken(name, f"{member.name} is a directory, not an archive")
    return member.open()
