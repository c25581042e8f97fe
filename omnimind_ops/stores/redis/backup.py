"""A backup of Redis files (`--redis-backup PATH`): a dump, or a data folder with append-only files; converted into a
dump for the target.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.append_only import AOF_FILE, AOF_FOLDER
from omnimind_ops.stores.redis.rdb import DUMP_NAME, RdbFacts, rdb_facts, rdb_header
from omnimind_ops.stores.redis.scratch import MANY_DATABASES, SERVER, fresh_folder, save_scratch, serve
from omnimind_ops.stores.redis.versions import at_least, can_read_rdb, newest_rdb_version, plain_version


@dataclass(frozen=True)
class RedisBackup:
    """The files of a backup.

    `append_only` is the appendonlydir (7.0 and newer) or appendonly.aof, None without one. `rdb` describes the dump, or
    the dump at the start of the append-only files; None when they hold only commands.
    """

    rdb: RdbFacts | None
    dump: Path | None
    append_only: Path | None
    stale_dump: bool = False  # there is also a dump, which a server with AOF on ignores

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        files = [self.dump or self.append_only, *(self.append_only.rglob("*") if self.append_only else ())]
        return sum(file.stat().st_size for file in files if file and file.is_file())


def read_backup(path: Path) -> RedisBackup:
    """Return the backup at `path`: a dump file, or a folder with dump.rdb, appendonlydir or appendonly.aof. Read-only.

    Raise Problem when there is none of these.
    """
    if path.is_file() and path.name != AOF_FILE:
        return RedisBackup(rdb_facts(path), path, None)
    folder = path.parent if path.is_file() else path
    dump = folder / DUMP_NAME if (folder / DUMP_NAME).is_file() else None
    append_only = next((p for p in (folder / AOF_FOLDER, folder / AOF_FILE) if p.exists()), None)
    if append_only:
        return RedisBackup(_read_base_dump(append_only), None, append_only, stale_dump=dump is not None)
    if not dump:
        raise Problem(
            f"cannot use {path} as a Redis backup",
            f"it contains no {DUMP_NAME}, {AOF_FOLDER} or {AOF_FILE}",
            "pass a dump.rdb, or Redis' data folder",
        )
    return RedisBackup(rdb_facts(dump), dump, None)


def check_backup(path: Path, backup: RedisBackup, target_version: str, target_kind: str = "redis") -> None:
    """Raise Problem when the target cannot load the backup."""
    target = f"{target_kind} {plain_version(target_version)}"
    if backup.rdb and (
        not can_read_rdb(target_kind, target_version, backup.rdb.version)
        or (backup.rdb.magic == "VALKEY" and target_kind != "valkey")
    ):
        image = backup.rdb.magic.lower() + (f":{backup.rdb.writer}" if backup.rdb.writer else "")
        raise Problem(
            f"cannot load {path}",
            f"it is {backup.rdb}, but {target} reads only up to RDB {newest_rdb_version(target_kind, target_version)}, "
            "and no tool converts a dump to an older format",
            f"start a {image} container on a copy of it and migrate from that container: keys of a running server are "
            "copied one by one",
        )
    if backup.append_only and backup.append_only.is_dir() and not at_least(target_version, 7, 0):
        raise Problem(
            f"cannot load {backup.append_only}",
            f"it consists of several files, which Redis reads since 7.0, but the target is {target}",
            "start a redis:7.0 container on a copy of the folder and migrate from that container",
        )


def build_rdb_from_backup(
    path: Path,
    target_version: str,
    workdir: Path,
    target: Path,
    tell: Tell,
    step: str = "",
    server_program: str = SERVER,
) -> RdbFacts:
    """Write the dump for the target to `target` and return its facts.

    A plain dump is copied. Append-only files are copied and replayed by a scratch server.
    """
    backup = read_backup(path)
    check_backup(path, backup, target_version)
    if backup.dump:
        shutil.copyfile(backup.dump, target)
        return rdb_facts(target)
    if backup.stale_dump:
        tell(
            warning(
                f"{path} contains append-only files and a {DUMP_NAME}: the append-only files are used, as by a "
                "server with AOF on",
                step,
            )
        )
    folder = fresh_folder(workdir)
    assert backup.append_only is not None
    if backup.append_only.is_dir():
        shutil.copytree(backup.append_only, folder / AOF_FOLDER)
    else:
        shutil.copyfile(backup.append_only, folder / AOF_FILE)
    with serve(server_program, folder, databases=MANY_DATABASES, append_only=True) as scratch:
        return save_scratch(scratch, workdir, target)


def _read_base_dump(append_only: Path) -> RdbFacts | None:
    """Return the header of the dump at the start of append-only files; None when there is no dump."""
    base = append_only
    if append_only.is_dir():
        base = next(iter(sorted(append_only.glob("*.base.rdb"))), Path())
        if not base.name:
            return None
    with base.open("rb") as file:
        if file.read(5) not in (b"REDIS", b"VALKE"):
            return None
    return rdb_header(base)
