"""Unpack a backup of Qdrant into a storage directory: sparse, verified by reading back, all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import xxhash

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.leaves import Leaf, leaves
from omnimind_ops.stores.backup.recognise import Backup
from omnimind_ops.stores.backup.tar import opened
from omnimind_ops.stores.files.copy_tree import copy_tree
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.settled import sync_filesystem
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.files.sparse import BUFFER, hash_data, hash_zeros, write_data
from omnimind_ops.stores.qdrant.storage import in_use, shards_in_use
from omnimind_ops.stores.throttle import Throttle


def unpack(backup: Backup, into: Path, tell: Tell, step: str = "") -> Path:
    """Make `into` a storage directory with the contents of the backup, and return it. It must not exist yet, or must be
    empty.

    The directory is built beside `into` and renamed: a killed run leaves nothing at `into`, and a finished run is not
    repeated. Holes and runs of zeros become holes; every file is read back and compared. The backup is only read.
    Problem: no space, changed since it was recognised, in use.
    """
    done = _note(into)
    name = json.dumps([str(backup.path), *backup.seen, *backup.collections])
    if into.exists() and done.is_file() and done.read_text(encoding="utf-8") == name:
        return into
    if into.is_dir() and not any(into.iterdir()):
        into.rmdir()
    if into.exists():
        raise Problem(
            f"cannot unpack {backup.path} to {into}",
            "something is there already",
            "move it away, or choose another directory",
        )
    _unchanged(backup)
    into.parent.mkdir(parents=True, exist_ok=True)
    check_space(into, backup.stored)
    half = into.with_name(f".{into.name}.omnimind-half")
    if backup.storage is not None:
        _copy(backup, backup.storage, half, tell, step)
    else:
        discard(half)
        _write_all(backup, half, tell, step)
    sync_filesystem(half)
    done.write_text(name, encoding="utf-8")
    half.rename(into)
    discard(half)
    sync_filesystem(into.parent)
    return into


def forget(into: Path) -> None:
    """Delete the record that a backup was unpacked to `into`; call it after moving the directory away."""
    _note(into).unlink(missing_ok=True)


def _note(into: Path) -> Path:
    return into.with_name(f".{into.name}.omnimind-unpacked")


def _copy(backup: Backup, source: Path, half: Path, tell: Tell, step: str) -> None:
    one = backup.kind is BackupKind.FOLDER
    if busy := shards_in_use(source) if one else in_use(source):
        raise Problem(
            f"cannot copy {source}",
            f"a running Qdrant uses it ({busy[0]})",
            "stop that server, or make a snapshot and pass that",
        )
    target = half / "collections" / backup.collections[0] if one else half
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_tree(source, target, step=step, tell=tell)


def _write_all(backup: Backup, half: Path, tell: Tell, step: str) -> None:
    half.mkdir()
    bar = Throttle(tell)
    done = 0
    try:
        with opened(backup.path) as (file, _):
            for leaf in (leaf for leaf in leaves(file, backup.layout, str(backup.path)) if leaf.written):
                target = half / leaf.path
                if leaf.member.folder:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                for passed in _write(leaf, target):
                    done += passed
                    bar(progress(step, f"unpack {backup.path.name}", done, backup.apparent))
        if backup.kind is BackupKind.FULL:
            (half / "aliases").mkdir(exist_ok=True)
            (half / "aliases" / "data.json").write_text(json.dumps(backup.aliases), encoding="utf-8")
        for path, text in backup.written.items():
            (half / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(
            f"cannot unpack {backup.path} to {half.parent}", str(error), "mend the cause and run again"
        ) from error
    tell(progress(step, f"unpack {backup.path.name}", backup.apparent, backup.apparent))


def _write(leaf: Leaf, target: Path) -> Iterator[int]:
    """Write a file and read it back; yield the number of bytes processed since the last step."""
    digest, at = xxhash.xxh3_128(), 0
    out = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        for offset, part in leaf.member.chunks():
            hash_zeros(digest, offset - at)
            digest.update(part)
            write_data(out, part, memoryview(part), offset)
            yield offset + len(part) - at
            at = offset + len(part)
        hash_zeros(digest, leaf.member.size - at)
        os.ftruncate(out, leaf.member.size)
        found = hash_data(out, leaf.member.size, bytearray(BUFFER))
    finally:
        os.close(out)
    if found != digest.hexdigest():
        raise Problem(
            f"cannot unpack {leaf.path}",
            f"wrote {digest.hexdigest()} (xxh3_128), but {target} holds {found}",
            "the disk or the memory is failing: look at `dmesg` and SMART, then run again",
        )
    yield leaf.member.size - at


def _unchanged(backup: Backup) -> None:
    if backup.storage is None:
        now = backup.path.stat()
        if (now.st_size, now.st_mtime_ns) != backup.seen:
            raise Problem(
                f"cannot unpack {backup.path}",
                "it changed since it was looked at",
                "wait until it is written, then run again",
            )
