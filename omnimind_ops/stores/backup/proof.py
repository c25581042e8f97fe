"""Proof that a backup works with the program that will serve it: the program loads the backup, and every point is
read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.recognise import Backup
from omnimind_ops.stores.backup.recovery import SNAPSHOTS, NotOfferedError, recover
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.qdrant.fingerprint import full_fingerprint
from omnimind_ops.stores.qdrant.scratch import CannotLoadError, Program, give, scratch_server


@dataclass(frozen=True)
class Proof:
    """Contents of a backup as the program reads it. `second` is the result of the second reading: "equal", or why there
    was none.
    """

    held: Fingerprint
    second: str


def room(backup: Backup) -> int:
    """Return the additional bytes that a proof needs: the program's own copy of the file, and what it unpacks."""
    return backup.seen[0] + backup.stored if backup.kind in SNAPSHOTS else 0


def prove(
    backup: Backup,
    config: Mapping[str, Any] | None,
    storage: Path,
    program: Program,
    scratch: Path,
    tell: Tell,
    step: str = "",
    without: Collection[str] = (),
) -> Proof:
    """Start the program on the unpacked backup, read every point, and compare with what the program recovers from the
    file.

    `config` is the configuration of a shard snapshot's collection. `scratch` is a private folder on the file system of
    `storage`; it is removed. Collections in `without` are not read. Problem when the program cannot load the backup,
    when collections are missing, or when the two readings differ.
    """
    discard(scratch)
    scratch.mkdir(parents=True)
    give(scratch, program.user)
    try:
        with scratch_server(program, storage, scratch / "server") as endpoint:
            held = full_fingerprint(endpoint, tell, step, without)
        _all_there(set(backup.collections) - set(without), held, backup.path)
        tell(line(step, f"{program.argv[-1]} loads the backup: {_counted(held)}"))
        second = _second(backup, config, held, program, scratch, tell, step, without)
    except CannotLoadError as error:
        raise cannot_serve(backup, program, error) from error
    finally:
        discard(scratch)
    tell(line(step, f"recovered by Qdrant itself: {second}"))
    return Proof(held, second)


def _second(
    backup: Backup,
    config: Mapping[str, Any] | None,
    held: Fingerprint,
    program: Program,
    scratch: Path,
    tell: Tell,
    step: str,
    without: Collection[str],
) -> str:
    if backup.kind not in SNAPSHOTS:
        return f"not asked: a {backup.kind} is Qdrant's own files, each compared when it was copied"
    check_space(scratch, room(backup))
    storage = scratch / "recovered"
    storage.mkdir()
    give(storage, program.user)
    with scratch_server(program, storage, scratch / "server") as endpoint:
        try:
            recover(backup, config, endpoint, tell, step)
        except NotOfferedError as error:
            return f"not offered by this program: {error}"
        again = full_fingerprint(endpoint, tell, step, without)
    told = [
        one
        for one in compare(held, again)
        if config is None or not one.name.startswith(("configuration", "payload indexes"))
    ]
    if told:
        first = "; ".join(f"{one.name}: {one.source} unpacked, {one.target} recovered" for one in told[:3])
        raise Problem(
            f"cannot restore {backup.path}",
            f"what was unpacked is not what Qdrant itself recovers from it, in {len(told)} facts: {first}",
            "please report it with the two facts; meanwhile use another backup",
        )
    return "equal"


def _all_there(wanted: set[str], held: Fingerprint, path: Path) -> None:
    found = {name.removeprefix("points of ") for name in held.counts if name.startswith("points of ")}
    if wanted != found:
        lost = ", ".join(sorted(wanted ^ found))
        raise Problem(
            f"cannot restore {path}",
            f"it holds {len(wanted)} collections, the program serves {len(found)} of it: {lost}",
            "use the version of Qdrant that made it (--qdrant-binary PATH), or another backup",
        )


def cannot_serve(backup: Backup, program: Program, error: CannotLoadError) -> Problem:
    """Return the Problem for a backup that the program cannot load."""
    return Problem(
        f"cannot restore {backup.path}",
        f"the Qdrant that will serve it ({program.argv[-1]}) cannot load it: {error}",
        "nothing was stopped. Pass the Qdrant that made the backup (--qdrant-binary PATH), or load the backup with that "
        "version, go up one minor version at a time, and make a new one",
        log=error.log,
    )


def _counted(held: Fingerprint) -> str:
    return ", ".join(f"{name}: {count}" for name, count in held.counts.items())
