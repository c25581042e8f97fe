"""Prove that a backup works with the server that will serve it: a scratch server loads it, and every key is read."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.backup import RedisBackup, check_backup, choose
from omnimind_ops.stores.redis.backup_words import counts
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.dump import Dump
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import without_past
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.keys import server_time
from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.scratch import MANY_DATABASES, SERVER, fresh_folder, save_scratch, serve
from omnimind_ops.stores.redis.versions import at_least, plain_version

GRACE = 86_400.0
"""Seconds for which the proof's fingerprint can be compared. Keys that expire earlier are counted by the minute."""


@dataclass(frozen=True)
class RedisProof:
    """What the server holds that loaded a backup: keys by database, and a fingerprint of all (see fingerprint.py)."""

    keys: Mapping[int, int]
    fingerprint: Fingerprint
    horizon: int


def prove_backup(
    backup: RedisBackup,
    target_version: str,
    workdir: Path,
    target: Path,
    tell: Tell,
    step: str = "",
    program: str = SERVER,
) -> RedisProof:
    """Load a backup into a scratch server, read every key, and write the dump for the target to `target`.

    A dump is copied; of append-only files, the server writes one. Problem when the server refuses the backup, when it
    holds fewer keys than the dump, or when a dump beside append-only files holds something else.
    """
    check_backup(backup.path, backup, target_version)
    if backup.append_only:
        proof = _prove_append_only(backup, workdir, target, tell, step, program)
    else:
        assert backup.dump is not None
        _copy(backup.dump, target)
        proof = _prove_dump(backup.dump, target_version, target, workdir, tell, step, program)
    tell(line(step, f"Redis {plain_version(target_version)} loads the backup: {counts(proof.keys)}"))
    return proof


def prove_again(staged: Path, workdir: Path, tell: Tell, step: str = "", program: str = SERVER) -> RedisProof:
    """Read a staged dump once more, when the proof's fingerprint is too old to be compared."""
    with _loaded(staged, workdir, {}, staged, program) as scratch:
        return _read(scratch, tell, step)


def _prove_append_only(
    backup: RedisBackup, workdir: Path, target: Path, tell: Tell, step: str, program: str
) -> RedisProof:
    log = backup.append_only
    assert log is not None
    folder = fresh_folder(workdir)
    settings = log.copy_to(folder)
    with _served(program, folder, settings, log.path) as scratch:
        proof = _read(scratch, tell, step)
        if log.base and not log.commands.count:
            _check_number(log.base, proof, scratch)
        save_scratch(scratch, workdir, target)
    if backup.beside:
        with _loaded(backup.beside.path, workdir, {}, backup.beside.path, program) as scratch:
            other = _read(scratch, tell, step, proof.horizon)
            _check_same(backup, proof, other, _now(scratch))
    return proof


def _prove_dump(
    dump: Dump, target_version: str, staged: Path, workdir: Path, tell: Tell, step: str, program: str
) -> RedisProof:
    # without a checksum, the structure of every value is the only thing that can show damage
    thorough = not dump.covered and at_least(target_version, 6, 2)
    settings = {"sanitize-dump-payload": "yes"} if thorough else {}
    with _loaded(staged, workdir, settings, dump.path, program) as scratch:
        proof = _read(scratch, tell, step)
        _check_number(dump, proof, scratch)
        return proof


@contextmanager
def _loaded(
    dump: Path, workdir: Path, settings: Mapping[str, str], origin: Path, program: str
) -> Iterator[RedisEndpoint]:
    folder = fresh_folder(workdir)
    try:
        (folder / DUMP_NAME).hardlink_to(dump)
    except OSError:  # another file system
        shutil.copyfile(dump, folder / DUMP_NAME)
    with _served(program, folder, settings, origin) as scratch:
        yield scratch


@contextmanager
def _served(program: str, folder: Path, settings: Mapping[str, str], origin: Path) -> Iterator[RedisEndpoint]:
    ready = False
    try:
        with serve(program, folder, databases=MANY_DATABASES, settings=settings) as scratch:
            ready = True
            yield scratch
    except Problem as problem:
        if ready:
            raise
        raise Problem(
            f"cannot load {origin}",
            f"the Redis that will serve it ({program}) refuses it: {problem.why}",
            "nothing was stopped. Copy it again from the machine that made it, or use another backup",
            log=problem.log,
        ) from problem


def _read(scratch: RedisEndpoint, tell: Tell, step: str, horizon: int = 0) -> RedisProof:
    horizon = horizon or choose_horizon(scratch, GRACE)
    return RedisProof(server_facts(scratch).keys, fingerprint(scratch, horizon, tell, step, minutes=True), horizon)


def _check_number(dump: Dump, proof: RedisProof, scratch: RedisEndpoint) -> None:
    """Compare the number of keys with the file's. A server leaves out the keys that have expired."""
    if dump.content is None:
        return
    expired = sum(expires <= _now(scratch) for expires in dump.content.expiries)
    loaded = sum(proof.keys.values())
    if not dump.content.total - expired <= loaded <= dump.content.total:
        raise Problem(
            f"cannot use {dump.path} as a Redis backup",
            f"it holds {dump.content.total} keys, of which {expired} have expired, but the server loaded {loaded}",
            "use another backup, and report this with the numbers above",
        )


def _check_same(backup: RedisBackup, proof: RedisProof, other: RedisProof, now: int) -> None:
    log, dump = backup.append_only, backup.beside
    assert log is not None and dump is not None
    if compare(without_past(proof.fingerprint, now), without_past(other.fingerprint, now)):
        why = f"{log.path.name} holds {counts(proof.keys)}, {dump.path.name} holds {counts(other.keys)}, not the same"
        raise choose(backup.path, log, dump, why)


def _now(scratch: RedisEndpoint) -> int:
    with connect(scratch) as connection:
        return server_time(connection)


def _copy(dump: Dump, target: Path) -> None:
    """Copy a dump that was read; what is on disk then must be what was read."""
    partial = target.with_name(f".{target.name}.part")
    with dump.path.open("rb") as source, partial.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
    if not filecmp.cmp(dump.path, partial, shallow=False):
        raise Problem(
            f"cannot use {dump.path} as a Redis backup",
            "its copy differs from it: it was changed meanwhile, or the disk fails",
            "wait until it is completely written, then run the command again",
        )
    partial.replace(target)
