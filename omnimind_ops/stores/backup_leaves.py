"""The files of a packed backup under the names that they have in a storage directory; archives inside archives are opened on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from omnimind_ops.stores.backup_kinds import BackupKind
from omnimind_ops.stores.backup_tar import Member, broken, damage, members
from omnimind_ops.stores.qdrant_storage import old_types

_SEGMENT = re.compile(r"^collections/[^/]+/\d+/segments/[^/]+/(segment\.json|CURRENT|MANIFEST-[^/]*)$")
_SMALL = 16 << 20


@dataclass(frozen=True)
class Layout:
    """How to read an archive: where its storage begins, or which collection (by file name, "" for the archive itself) it holds."""

    kind: BackupKind
    prefix: str = ""
    collections: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaf:
    """A file or directory of the storage directory to be, and where its bytes come from."""

    path: str
    member: Member


class OldEra(Exception):  # noqa: N818 - caught at once, never shown
    """The backup is of the RocksDB era; the text says what shows it."""


def leaves(file: IO[bytes], layout: Layout, name: str) -> Iterator[Leaf]:
    """Yield all that has to be written. Problem for anything damaged; OldEra for what only RocksDB reads."""
    for member in members(file, name):
        if layout.kind is BackupKind.ARCHIVE:
            if member.name.startswith(layout.prefix) and (path := member.name[len(layout.prefix) :]):
                yield from _checked(Leaf(path, member), name)
        elif layout.kind is BackupKind.COLLECTION:
            yield from _of_collection(member, layout.collections[""], name)
        elif member.name in layout.collections:
            for inner in members(_inside(member, name), f"{name}: {member.name}"):
                yield from _of_collection(inner, layout.collections[member.name], f"{name}: {member.name}")


def small_json(member: Member, name: str) -> Any:
    """Return what a small JSON file of an archive says; Problem when it is none."""
    if member.size > _SMALL:
        raise broken(name, f"{member.name} is larger than it ever is")
    with damage(f"{name}: {member.name}"):
        return json.loads(member.open().read())


def _of_collection(member: Member, collection: str, name: str) -> Iterator[Leaf]:
    home = f"collections/{collection}"
    parts = PurePosixPath(member.name).parts
    if len(parts) < 3 or not parts[0].isdigit() or parts[1] != "segments":
        if parts:
            yield from _checked(Leaf(f"{home}/{member.name}", member), name)
        return
    segment = f"{home}/{parts[0]}/segments/{parts[2].removesuffix('.tar')}"
    if len(parts) == 3 and parts[2].endswith(".tar") and not member.folder:
        for inner in members(_inside(member, name), f"{name}: {member.name}"):
            yield from _of_segment(inner, PurePosixPath(inner.name).parts[1:], segment, name)
    else:
        yield from _of_segment(member, parts[3:], segment, name)


def _of_segment(member: Member, parts: tuple[str, ...], segment: str, name: str) -> Iterator[Leaf]:
    """`files/…` is the segment; a directory beside it is a backup that RocksDB made."""
    if parts and parts[0] == "files":
        yield from _checked(Leaf("/".join((segment, *parts[1:])), member), name)
    elif len(parts) > 1 or (parts and member.folder):
        raise OldEra(f"{segment} has a {parts[0]}")
    elif not parts and member.folder:
        yield Leaf(segment, member)


def _checked(leaf: Leaf, name: str) -> Iterator[Leaf]:
    match = _SEGMENT.match(leaf.path)
    if match and not leaf.member.folder:
        if match[1] != "segment.json":
            raise OldEra(leaf.path)
        said = small_json(leaf.member, name)
        config = said.get("config") if isinstance(said, Mapping) else None
        if isinstance(config, Mapping) and (found := old_types(config)):
            raise OldEra(f"{leaf.path}: {found}")
    yield leaf


def _inside(member: Member, name: str) -> IO[bytes]:
    if member.folder:
        raise broken(name, f"{member.name} is a directory, not an archive")
    return member.open()
