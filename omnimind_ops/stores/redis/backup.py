"""A backup of Redis files (`--redis-backup PATH`): a dump, or a data folder with a dump or append-only files.

It is read to its end here, without a server: damage, missing parts and two candidates in one folder are found before
anything happens. Whether the target's server loads all of it is proof.py's question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis import aof
from omnimind_ops.stores.redis.aof import AppendOnly
from omnimind_ops.stores.redis.dump import Dump, is_dump, read_dump
from omnimind_ops.stores.redis.rdb import RdbFacts
from omnimind_ops.stores.redis.versions import at_least, can_read_rdb, newest_rdb_version, plain_version
from omnimind_ops.tools.archive import archive_kind

LEFTOVER = "temp-"
"""Beginning of the names of files that a server had not finished."""


@dataclass(frozen=True)
class RedisBackup:
    """The files of a backup: a dump, or append-only files.

    `beside` is a dump that lies beside append-only files and was made after they were begun: only loading both shows
    whether they hold the same. `notes` are messages for the user.
    """

    path: Path
    dump: Dump | None = None
    append_only: AppendOnly | None = None
    beside: Dump | None = None
    notes: tuple[str, ...] = ()

    @property
    def rdb(self) -> RdbFacts | None:
        """Return the facts of the dump, or of the dump at the start of the append-only files; None without one."""
        dump = self.first_dump
        return dump.facts if dump else None

    @property
    def first_dump(self) -> Dump | None:
        """Return the dump, or the one at the start of the append-only files; None when they hold only commands."""
        return self.append_only.base if self.append_only else self.dump

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return self.append_only.size if self.append_only else self.rdb.size if self.rdb else 0

    @property
    def databases(self) -> int:
        """Return how many numbered databases a server needs for it."""
        return self.append_only.databases if self.append_only else self.dump.databases if self.dump else 0

    @property
    def covered(self) -> bool:
        """Return whether a checksum covers every byte of it."""
        return self.append_only is None and self.dump is not None and self.dump.covered


def read_backup(path: Path) -> RedisBackup:
    """Return the backup at `path`: a dump, an append-only file, their folder, or Redis' data folder. Read-only.

    Problem when it is damaged, not complete, something else, or when the folder has several candidates.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        return _read_file(path)
    except OSError as error:
        raise _not_a_backup(path, error.strerror or str(error)) from error


def _read_file(path: Path) -> RedisBackup:
    if kind := archive_kind(path):
        raise Problem(
            f"cannot use {path} as a Redis backup",
            f"it is {kind}, not a dump",
            "unpack it, and pass the dump.rdb or the folder in it",
        )
    if aof.is_append_only(path):
        return _of_append_only(path, aof.read_single(path))
    if not is_dump(path):
        raise _not_a_backup(path, "it is neither a dump nor an append-only file")
    if ".base." in path.name:
        raise Problem(
            f"cannot use {path} as a Redis backup",
            "it is only the start of append-only files: the commands after it are in other files",
            f"pass {path.parent}; to go without these commands, copy the file to dump.rdb and pass that",
        )
    if path.suffix == ".aof":
        return _of_append_only(path, aof.read_single(path))
    return RedisBackup(path, dump=read_dump(path))


def _read_folder(folder: Path) -> RedisBackup:
    if aof.is_part_folder(folder):
        return _of_append_only(folder, aof.read_parts(folder))
    dumps, logs, unused = _candidates(folder)
    notes = tuple(f"{name} is empty and not used" for name in unused)
    if len(logs) > 1 or len(dumps) > 1:
        several = logs if len(logs) > 1 else dumps
        raise _several(folder, several)
    if not logs and not dumps:
        raise _not_a_backup(folder, "it contains no dump (dump.rdb) and no append-only files" + _empty(unused))
    if not logs:
        return RedisBackup(folder, dump=read_dump(dumps[0]), notes=notes)
    log = aof.read_parts(logs[0]) if logs[0].is_dir() else aof.read_single(logs[0])
    if not dumps:
        return _of_append_only(folder, log, notes)
    return _of_both(folder, log, read_dump(dumps[0]))


def _candidates(folder: Path) -> tuple[list[Path], list[Path], list[str]]:
    """Return the dumps of a data folder, its append-only files or folders of them, and the names of empty ones."""
    dumps: list[Path] = []
    logs: list[Path] = []
    unused: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(LEFTOVER):
            continue
        if path.is_dir():
            if path.name == aof.FOLDER and not any(path.iterdir()):
                unused.append(path.name)
            elif aof.is_part_folder(path):
                logs.append(path)
        elif path.is_file() and path.suffix == ".aof" and not path.stat().st_size:
            unused.append(path.name)
        elif path.is_file() and (path.suffix == ".aof" or aof.is_append_only(path)):
            logs.append(path)
        elif path.is_file() and (path.suffix == ".rdb" or is_dump(path)):
            dumps.append(path)
    return dumps, logs, unused


def _of_append_only(path: Path, log: AppendOnly, notes: tuple[str, ...] = ()) -> RedisBackup:
    return RedisBackup(path, append_only=log, notes=notes)


def _of_both(folder: Path, log: AppendOnly, dump: Dump) -> RedisBackup:
    """Return what to load of a folder with both; Problem when the append-only files hold nothing and the dump does.

    A server with AOF on ignores the dump, and one with AOF off ignores the append-only files. Files copied without
    their times do not show which was on.
    """
    if log.empty and not dump.is_empty:
        raise choose(folder, log, dump, "the append-only files hold nothing, but the dump does")
    begun = max(log.base.written if log.base else 0, log.commands.written)
    if begun > dump.written > 0:
        note = f"{dump.path.name} is older than the append-only files and is not used"
        return RedisBackup(folder, append_only=log, notes=(note,))
    return RedisBackup(folder, append_only=log, beside=dump)


def choose(folder: Path, log: AppendOnly, dump: Dump, why: str) -> Problem:
    """Return the Problem for a folder in which a dump and append-only files hold different data."""
    return Problem(
        f"cannot tell which data of {folder} is the newer",
        f"{why}. A server with AOF on ignores the dump, one with AOF off ignores the append-only files",
        f"choose one: --redis-backup {dump.path}, or --redis-backup {log.path}",
    )


def _several(folder: Path, paths: list[Path]) -> Problem:
    return Problem(
        f"cannot tell which data of {folder} to use",
        f"it contains several: {', '.join(path.name for path in paths)}",
        "pass one of them: " + " or ".join(f"--redis-backup {path}" for path in paths),
    )


def _empty(unused: list[str]) -> str:
    return f"; {', '.join(unused)} is empty" if unused else ""


def _not_a_backup(path: Path, why: str) -> Problem:
    return Problem(
        f"cannot use {path} as a Redis backup",
        why,
        "pass a dump.rdb, the folder of append-only files, or Redis' data folder",
    )


def check_backup(path: Path, backup: RedisBackup, target_version: str, target_kind: str = "redis") -> None:
    """Raise Problem when the target cannot load the backup."""
    target = f"{target_kind} {plain_version(target_version)}"
    for dump in _dumps(backup):
        if not can_read_rdb(target_kind, target_version, dump.version) or (
            dump.magic == "VALKEY" and target_kind != "valkey"
        ):
            image = dump.magic.lower() + (f":{dump.writer}" if dump.writer else "")
            raise Problem(
                f"cannot load {path}",
                f"it is {dump}, but {target} reads only up to RDB {newest_rdb_version(target_kind, target_version)}, "
                "and no tool converts a dump to an older format",
                f"start a {image} container on a copy of it and migrate from that container: keys of a running server "
                "are copied one by one",
            )
    if backup.append_only and backup.append_only.folder and not at_least(target_version, 7, 0):
        raise Problem(
            f"cannot load {backup.append_only.path}",
            f"it consists of several files, which Redis reads since 7.0, but the target is {target}",
            "start a redis:7.0 container on a copy of the folder and migrate from that container",
        )


def _dumps(backup: RedisBackup) -> Iterator[RdbFacts]:
    for dump in (backup.first_dump, backup.beside):
        if dump:
            yield dump.facts
