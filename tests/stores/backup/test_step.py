"""The steps that restore a backup: unpacked once in a run, proven, and compared with what is served in the end."""

import os
import pwd
import shlex
import shutil
from pathlib import Path

import pytest
from qdrant_client import models

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.event import Event, Warning
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import CopyNotes, ProveBackupNotes, Sides, VerifyNotes
from omnimind_ops.model.payloads import CopyPayload, Packed, Pass, ProveBackupPayload, VerifyPayload
from omnimind_ops.model.plan import Plan, Step, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.receipt import parse, receipt
from omnimind_ops.model.run import Memo, MemoryNotes, Run, StepRecord
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.paths import Paths
from omnimind_ops.steps.copy import CopyStep
from omnimind_ops.steps.prove_backup import ProveBackupStep
from omnimind_ops.steps.verify import VerifyStep
from omnimind_ops.stores.backup import detect, unpack
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import full_fingerprint
from omnimind_ops.tools.markdown import receipt as markdown
from tests.qdrant import Server
from tests.stores.backup.backups import NAME, Made, bare, silent
from tests.stores.backup.real import file_of, program

UNKNOWN = Packed("", None, "")


def test_what_another_run_unpacked_is_not_taken_for_this_backup(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name

    def warm(run: str, kind: str) -> bool:
        target, backup = str(tmp_path / "storage"), str(file_of("made-1.18.3", kind))
        step = Task("warm-qdrant", CopyPayload("", f"{target}.incoming", target, me, backup, UNKNOWN, pass_=Pass.WARM))
        return CopyStep(Paths(tmp_path), run).do(step, Memo(MemoryNotes(), step.id, CopyNotes), silent)

    def collections() -> list[str]:
        return sorted(os.listdir(tmp_path / "storage.incoming" / "collections"))

    assert warm("first", "full") and len(collections()) == 2
    assert not warm("first", "full")
    assert warm("second", "collection") and collections() == [NAME]


def test_one_payload_that_differs_from_the_backup_takes_the_run_back(made: Made, tmp_path: Path) -> None:
    server = Server(tmp_path / "q")
    unpack(detect(made.storage), server.storage, silent)
    try:
        client, memo = server.start().client(), Memo(MemoryNotes(), "verify", VerifyNotes)
        held = full_fingerprint(QdrantEndpoint(server.url), silent)
        Memo(memo.notes, "prove-backup", ProveBackupNotes).write(ProveBackupNotes(fingerprint=held))
        goal = Goal(qdrant_port=server.port)
        in_no_unit = lambda goal, services: None  # noqa: E731 ARG005 this server is the test's own
        verify = VerifyStep(goal, lambda: Credentials("", "", ""), in_no_unit)
        step = Task("verify", VerifyPayload(backup=True))
        client.create_collection(
            "omnimind_health", vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT)
        )
        assert not verify.do(step, memo, silent)
        assert memo.read().compared["qdrant"] == Sides(held, held)
        client.set_payload(NAME, {"i": -1}, points=[321], wait=True)
        with pytest.raises(Problem, match=f"1 differences from the old store: every point of {NAME}"):
            verify.do(step, memo, silent)
        client.close()
    finally:
        server.kill()


@pytest.mark.parametrize("checksum", ["verified", "absent"])
def test_a_backup_that_no_checksum_covers_is_said_to_be_one(checksum: str, tmp_path: Path) -> None:
    whole = file_of("made-1.18.3", "collection")
    path = bare(whole, tmp_path / "x")
    if checksum == "verified":
        shutil.copy(whole.with_name(f"{whole.name}.checksum"), path.parent)
    storage, unsaved, result = tmp_path / "storage.incoming", MemoryNotes(), list[Event]()
    unpack(detect(path), storage, silent)
    current = tmp_path / "opt" / "omnimind" / "qdrant" / "current" / "qdrant"
    current.parent.mkdir(parents=True)
    env = " ".join(f"{name}={shlex.quote(value)}" for name, value in program().env.items())
    current.write_text(f'#!/bin/sh\n{env} exec {shlex.join(program().argv)} "$@"\n')
    current.chmod(0o755)
    step = Step.of("prove-backup", ProveBackupPayload(str(path), UNKNOWN, str(storage), ""), "")
    memo = Memo(unsaved, step.id, ProveBackupNotes)
    ProveBackupStep(Paths(tmp_path)).do(Task.of(step, ProveBackupPayload), memo, result.append)
    warned = [event.text for event in result if isinstance(event, Warning)]
    assert memo.read().checksum == checksum
    assert bool(warned) == (checksum == "absent")
    assert all("it has no checksum: a bit that flipped" in text for text in warned)
    kept = StepRecord(step, Status.DONE, memo=unsaved.load(step.id))
    told_later = receipt(Run("r", Plan("migrate", (step,)), RunState.CONFIRMED, {}, "", None, (kept,)))
    assert told_later["backup"] == {"path": str(path), "checksum": checksum, "second_reader": "equal"}
    assert ("**Checksum of the backup: it has no checksum" in markdown(parse(told_later))) == (checksum == "absent")


def test_what_cannot_be_proven_is_removed_and_so_is_what_a_killed_proof_left(tmp_path: Path) -> None:
    backup, storage = str(file_of("made-1.18.3", "collection")), str(tmp_path / "storage.incoming")
    step, prove = (
        Task("prove-backup", ProveBackupPayload(backup, UNKNOWN, storage, "")),
        ProveBackupStep(Paths(tmp_path)),
    )
    memo = Memo(MemoryNotes(), step.id, ProveBackupNotes)
    program = tmp_path / "opt" / "omnimind" / "qdrant" / "current" / "qdrant"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'ERROR no such variant'; exit 1\n")
    program.chmod(0o755)
    (tmp_path / "storage.incoming").mkdir()
    with pytest.raises(Problem, match="no such variant"):
        prove.do(step, memo, silent)
    assert not (tmp_path / "storage.incoming").exists()
    (tmp_path / ".omnimind-proof" / "recovered").mkdir(parents=True)
    prove.undo(step, memo, silent)
    assert sorted(os.listdir(tmp_path)) == ["opt"]
