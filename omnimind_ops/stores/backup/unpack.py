"""Unpack a backup of Qdrant into a storage directory: sparse, verified by reading back, all or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import xxhash

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.detect import Backup
from omnimind_ops.stores.backup.flatten import StorageEntry, flatten
from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.tar import open_archive
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.settled import sync_filesystem
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.files.sparse import BUFFER, hash_data, hash_zeros, write_data
from omnimind_ops.stores.qdrant.storage import locked_parts, locked_shards
from omnimind_ops.stores.throttle import Throttle


def unpack(backup: Backup, target: Path, tell: Tell, step: str = "") -> Path:
    """Make `target` a storage directory with the contents of the backup, and return it. It must not exist yet, or must
    be empty.

    The directory is built beside `target` and renamed: a killed run leaves nothing at `target`, and a finished run is
    not repeated. Holes and runs of zeros become holes; every file is read back and compared. The backup is only read.
    Problem: no space, changed since it was detected, in use.
    """
    record = _record_path(target)
    identity = json.dumps([str(backup.path), *backup.file_stamp, *backup.collections])
    if target.exists() and record.is_file() and record.read_text(encoding="utf-8") == identity:
        return target
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists():
        raise Problem(
            f"cannot unpack {backup.path} to {target}",
            f"{target} already exists and is not empty",
            "move it away, or choose another directory",
        )
    _check_unchanged(backup)
    target.parent.mkdir(parents=True, exist_ok=True)
    check_space(target, backup.stored)
    partial = target.with_name(f".{target.name}.omnimind-half")
    if backup.storage is not None:
        _copy_directory(backup, backup.storage, partial, tell, step)
    else:
        discard(partial)
        _write_archive(backup, partial, tell, step)
    sync_filesystem(partial)
    record.write_text(identity, encoding="utf-8")
    partial.rename(target)
    discard(partial)
    sync_filesystem(target.parent)
    return target


def forget_unpacked(target: Path) -> None:
    """Delete the record that a backup was unpacked to `target`; call it after moving the directory away."""
    _record_path(target).unlink(missing_ok=True)


def _record_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.omnimind-unpacked")


def _copy_directory(backup: Backup, source: Path, folder: Path, tell: Tell, step: str) -> None:
    one_collection = backup.kind is BackupKind.FOLDER
    if locked := locked_shards(source) if one_collection else locked_parts(source):
        raise Problem(
            f"cannot copy {source}",
            f"a running Qdrant uses it ({locked[0]})",
            "stop that server, or make a snapshot and pass it instead",
        )
    target = folder / "collections" / backup.collections[0] if one_collection else folder
    target.parent.mkdir(parents=True, exist_ok=True)
    copy_tree(source, target, step=step, tell=tell)


def _write_archive(backup: Backup, folder: Path, tell: Tell, step: str) -> None:
    folder.mkdir()
    throttle = Throttle(tell)
    title, done = f"unpack {backup.path.name}", 0
    try:
        with open_archive(backup.path) as (file, _):
            for entry in flatten(file, backup.layout, str(backup.path)):
                if entry.metadata:
                    continue
                target = folder / entry.path
                if entry.member.folder:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                for size in _write_file(entry, target):
                    done += size
                    throttle(progress(step, title, done, backup.apparent))
        if backup.kind is BackupKind.FULL:
            (folder / "aliases").mkdir(exist_ok=True)
            (folder / "aliases" / "data.json").write_text(json.dumps(backup.aliases), encoding="utf-8")
        for path, text in backup.extra_files.items():
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(
            f"cannot unpack {backup.path} to {folder.parent}", str(error), "fix the cause and run the command again"
        ) from error
    tell(progress(step, title, backup.apparent, backup.apparent))


def _write_file(entry: StorageEntry, target: Path) -> Iterator[int]:
    """Write a file and read it back; yield the number of bytes processed since the last step."""
    digest, at = xxhash.xxh3_128(), 0
    out = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        for offset, part in entry.member.chunks():
            hash_zeros(digest, offset - at)
            digest.update(part)
            write_data(out, part, memoryview(part), offset)
            yield offset + len(part) - at
            at = offset + len(part)
        hash_zeros(digest, entry.member.size - at)
        os.ftruncate(out, entry.member.size)
        digest_on_disk = hash_data(out, entry.member.size, bytearray(BUFFER))
    finally:
        os.close(out)
    if digest_on_disk != digest.hexdigest():
        raise Problem(
            f"cannot unpack {entry.path}",
            f"wrote {digest.hexdigest()} (xxh3_128), but read back {digest_on_disk} from {target}",
            "the disk or the memory is failing: check `dmesg` and SMART, then run the command again",
        )
    yield entry.member.size - at


def _check_unchanged(backup: Backup) -> None:
    if backup.storage is None:
        now = backup.path.stat()
        if (now.st_size, now.st_mtime_ns) != backup.file_stamp:
            raise Problem(
                f"cannot unpack {backup.path}",
                "it has changed since omnimind checked it",
                "wait until it is completely written, then run the command again",
            )
