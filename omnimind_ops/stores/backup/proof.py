"""Prove that a backup works with the program that will serve it: the program loads the backup, and every point is
read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnimind_ops.model.checksum import UNPROTECTED
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.detect import Backup
from omnimind_ops.stores.backup.restore import SNAPSHOT_KINDS, NotSupportedError, restore
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.qdrant.fingerprint import full_fingerprint
from omnimind_ops.stores.qdrant.lengths import Lengths, named
from omnimind_ops.stores.qdrant.scratch import CannotLoadError, Program, scratch_server, set_owner


@dataclass(frozen=True)
class Proof:
    """Fingerprint of a backup as the program reads it. `second_reader` is the result of the second reading: "equal", or
    why there was none.
    """

    fingerprint: Fingerprint
    second_reader: str


def proof_space(backup: Backup) -> int:
    """Return the additional bytes that a proof needs: the program's own copy of the file, and what it unpacks."""
    return backup.file_stamp[0] + backup.stored if backup.kind in SNAPSHOT_KINDS else 0


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
    set_owner(scratch, program.user)
    try:
        with scratch_server(program, storage, scratch / "server") as endpoint:
            lengths = Lengths()
            unpacked = full_fingerprint(endpoint, tell, step, without, lengths)
        if backup.checksum in UNPROTECTED:
            _check_lengths(lengths, backup.path, tell, step)
        if empty := [name for name in backup.collections if not unpacked.counts.get(f"points of {name}", 1)]:
            tell(warning(f"{backup.path}: no points in {', '.join(empty)}", step))
        _check_collections(set(backup.collections) - set(without), unpacked, backup.path)
        tell(line(step, f"{program.argv[-1]} loads the backup: {_format_counts(unpacked)}"))
        second_reader = _compare_with_restore(backup, config, unpacked, program, scratch, tell, step, without)
    except CannotLoadError as error:
        raise cannot_load(backup, program, error) from error
    finally:
        discard(scratch)
    tell(line(step, f"compared with Qdrant's own restore: {second_reader}"))
    return Proof(unpacked, second_reader)


def _compare_with_restore(
    backup: Backup,
    config: Mapping[str, Any] | None,
    unpacked: Fingerprint,
    program: Program,
    scratch: Path,
    tell: Tell,
    step: str,
    without: Collection[str],
) -> str:
    if backup.kind not in SNAPSHOT_KINDS:
        return f"not needed: a {backup.kind} is a copy of Qdrant's own files, and each copied file was compared"
    check_space(scratch, proof_space(backup))
    storage = scratch / "restored"
    storage.mkdir()
    set_owner(storage, program.user)
    with scratch_server(program, storage, scratch / "server") as endpoint:
        try:
            restore(backup, config, endpoint, tell, step)
        except NotSupportedError as error:
            return f"not supported by this program: {error}"
        restored = full_fingerprint(endpoint, tell, step, without)
    differences = [
        difference
        for difference in compare(unpacked, restored)
        if config is None or not difference.name.startswith(("configuration", "settings", "payload indexes"))
    ]
    if differences:
        first = "; ".join(
            f"{difference.name}: {difference.source} unpacked, {difference.target} restored"
            for difference in differences[:3]
        )
        raise Problem(
            f"cannot restore {backup.path}",
            f"the unpacked data differ from what Qdrant itself restores, in {len(differences)} values: {first}",
            "report this with the values above; use another backup in the meantime",
        )
    return "equal"


def _check_lengths(lengths: Lengths, path: Path, tell: Tell, step: str) -> None:
    """Raise Problem for vectors that Qdrant cannot have written; warn about vectors of zeros."""
    if lengths.wrong:
        raise Problem(
            f"cannot restore {path}",
            f"it is damaged: {named(lengths.wrong)} have vectors of an impossible length (with Cosine distance, Qdrant "
            "stores vectors of length 1), and no checksum covers it",
            "copy it again from the machine that made it, or use another backup",
        )
    if lengths.zeros:
        tell(warning(f"{path}: {named(lengths.zeros)} have a vector of zeros, which may be damage", step))


def _check_collections(expected: set[str], unpacked: Fingerprint, path: Path) -> None:
    actual = {name.removeprefix("points of ") for name in unpacked.counts if name.startswith("points of ")}
    if expected != actual:
        names = ", ".join(sorted(expected ^ actual))
        raise Problem(
            f"cannot restore {path}",
            f"it contains {len(expected)} collections, but the program serves {len(actual)}; the difference: {names}",
            "pass the Qdrant version that made it (--qdrant-binary PATH), or use another backup",
        )


def cannot_load(backup: Backup, program: Program, error: CannotLoadError) -> Problem:
    """Return the Problem for a backup that the program cannot load."""
    return Problem(
        f"cannot restore {backup.path}",
        f"the Qdrant that will serve it ({program.argv[-1]}) cannot load it: {error}",
        "nothing was stopped. Pass the Qdrant version that made the backup (--qdrant-binary PATH), or load the backup "
        "with that version, upgrade one minor version at a time, and make a new backup",
        log=error.log,
    )


def _format_counts(fingerprint: Fingerprint) -> str:
    return ", ".join(f"{name}: {count}" for name, count in fingerprint.counts.items())
