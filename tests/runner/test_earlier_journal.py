"""What an earlier omnimind wrote is read as it was meant, and what is written today reads the same there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.flows import recovery, wiring
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.model import codec
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import RestartNotes
from omnimind_ops.model.payloads import CopyPayload, Payload, RestartPayload, VerifyPayload
from omnimind_ops.model.plan import Plan, Step
from omnimind_ops.model.receipt import receipt
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration
from omnimind_ops.runner import records
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.rollback import undo
from tests.runner import earlier


def plans(path: Path) -> dict[str, tuple[str, str]]:
    """Return each run's digest and plan as they stand in the file."""
    with closing(sqlite3.connect(path)) as db:
        return {id: (digest, plan) for id, digest, plan in db.execute("SELECT id, digest, plan FROM run")}


GONE = ["install-postgres", "install-redis", "install-backend", "install-frontend"]
GONE += ["install-guard", "install-units", "configure-packages"]
"""Steps that did nothing; no plan has them any more."""
SINCE = {"redis-users", "database", "note-evidence", "check-evidence", "prove-redis-backup", "live-redis"}
SINCE |= {"ask", "confirm-time", "maintenance", "open-redis", "save-redis", "backend-env"}
"""Kinds of steps that no earlier version had."""
NEW = "note-containers"
"""The first step of every plan now, of a kind that earlier versions had."""
CARRY = {"stop-units", "export", "read-native", "carry-folder", "park-redis", "start-containers", "load-redis"}
CARRY |= {"verify-old"}
"""Kinds of steps that only a rollback with data has."""
RETITLED = {
    "take Qdrant's program from its container": "copy Qdrant's program from its container",
    "take Qdrant's program from /srv/qdrant": "copy Qdrant's program from /srv/qdrant",
    "load it with the program that will serve it, and read every point": "load the backup in Qdrant and read every point",
    "arm the timer that goes back unless confirmed within 15 min": "set the timer that rolls back a cutover that is killed",
    "keep the containers from restarting by themselves": "disable automatic restarts of the containers",
    "note what Qdrant holds": "cut Qdrant off from the network and record its content",
    "take Redis' data (logical: Valkey 9 writes what Redis 7 cannot load)": "copy Redis' data (logical: Valkey 9 writes what Redis 7 cannot load)",
    "take Redis' data (rdb: from /srv/backup/dump.rdb)": "copy Redis' data (rdb: from /srv/backup/dump.rdb)",
    "stop the data containers, wait for free ports": "stop the data containers and wait for their ports",
    "copy what changed, compare, rename to /srv/new/var/lib/qdrant/storage": "copy the changes, compare, and rename to /srv/new/var/lib/qdrant/storage",
    "copy what changed, compare, rename to /srv/new/var/lib/omnimind/uploads": "copy the changes, compare, and rename to /srv/new/var/lib/omnimind/uploads",
    "put the backup at /srv/new/var/lib/qdrant/storage": "move the backup to /srv/new/var/lib/qdrant/storage",
    "put Redis' data in place": "move Redis' data into place",
    "compare old and new": "compare old and new data",
    "restart what is sick of engine": "restart the failing processes of engine",
    "restart all of engine": "restart engine",
    "restart engine and what needs it": "restart engine and its dependants",
}
"""Titles that were reworded. A plan's digest does not cover titles."""


@pytest.mark.parametrize("run", earlier.SOURCES)
def test_the_same_migration_is_written_the_same_but_for_steps_that_did_nothing(run: str, tmp_path: Path) -> None:
    written = json.loads(records.plan_text(migration.migrate(earlier.SOURCES[run], earlier.GOAL, 15)))
    stored = json.loads(plans(earlier.journal(tmp_path))[run][1])
    backup = any(step["kind"] == "prove-redis-backup" for step in written["steps"])
    written["steps"] = [step for step in written["steps"] if step["kind"] not in SINCE]
    for step in written["steps"]:
        if step["kind"] == "fingerprint":
            assert step["args"].pop("container")
    assert [step["id"] for step in stored["steps"] if step["id"] in GONE] == GONE
    stored["steps"] = [step for step in stored["steps"] if step["id"] not in GONE]
    for step in stored["steps"]:
        step["title"] = RETITLED.get(step["title"], step["title"])
    assert written["steps"].pop(0)["id"] == NEW
    if backup:  # of Redis: proven instead of copied in the cutover, and compared
        stored["steps"] = [step for step in stored["steps"] if step["id"] != "take-redis"]
        assert stored["steps"][-1]["args"]["redis"] is False
        stored["steps"][-1]["args"]["redis"] = True
    assert json.dumps(written) == json.dumps(stored)


def test_a_recovery_is_written_the_same(tmp_path: Path) -> None:
    plan, (digest, text) = recovery.plan("engine"), plans(earlier.journal(tmp_path))[earlier.RECOVERING]
    stored = json.loads(text)
    for step in stored["steps"]:
        step["title"] = RETITLED.get(step["title"], step["title"])
    assert (plan.digest, json.loads(records.plan_text(plan))) == (digest, stored)


def test_a_plan_that_was_read_has_the_digest_that_it_had(tmp_path: Path) -> None:
    path = earlier.journal(tmp_path)
    runs = History(path).runs()
    assert {run.id: (run.plan.digest, records.plan_text(run.plan)) for run in runs} == plans(path)


def test_its_receipts_say_what_they_said(tmp_path: Path) -> None:
    history = History(earlier.journal(tmp_path))
    done = receipt(history.run(earlier.DONE))
    assert done["downtime_s"] == {"redis": 1.998, "qdrant": 1.998, "backend:8000": 2.293, "frontend": 2.293}
    verified = json.loads(json.dumps(done["verified"]))
    assert set(verified) == {"qdrant", "redis", "uploads-0"}
    assert all(sides["source"] == sides["native"] for sides in verified.values())
    assert verified["qdrant"]["source"]["counts"]["points of machines"] == 5
    assert done["backup"] is None
    backup = {"path": "/srv/backup/machines-1.snapshot", "checksum": "verified", "second_reader": "equal"}
    assert receipt(history.run(earlier.POSTPONED))["backup"] == backup


def test_every_payload_and_note_reads_back_as_it_was_written(tmp_path: Path) -> None:
    """What no type holds would be lost, or refused, when the run goes on."""
    read: set[str] = set()
    with wiring.handlers(earlier.GOAL, Paths(tmp_path), "r") as kinds:
        types = {kind: (handler.payload, handler.notes) for kind, handler in kinds.items()}
    types |= {"restart": (RestartPayload, RestartNotes)}
    for record in (record for run in History(earlier.journal(tmp_path)).runs() for record in run.steps):
        payload, notes = types[record.step.kind]
        assert json.dumps(codec.write(record.step.payload(payload))) == json.dumps(record.step.args)
        assert codec.write(record.notes(notes)) == dict(record.memo or {})
        read |= {record.step.kind} | {f"{record.step.kind} {key}" for key in record.memo or {}}
    assert set(types) - SINCE - CARRY <= read
    assert {"copy parked", "prove-backup second reader", "redis horizon", "verify uploads-0"} <= read


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        pytest.param(VerifyPayload, {"qdrant": True, "redis": False, "trees": []}, id="without a backup to compare"),
        pytest.param(
            CopyPayload,
            {"source": "", "incoming": "/d.incoming", "target": "/d", "owner": "q", "backup": "/b", "pass": "warm"},
            id="of a backup only its path",
        ),
    ],
)
def test_what_0_1_0_kept_is_read(kind: type[Payload], args: Mapping[str, JSON]) -> None:
    step = Step("s", kind.kind, "", args)
    assert step.payload(kind)
    assert Plan("p", (step,)).digest == Plan("p", (replace(step, args=dict(args)),)).digest


def noted_calls(folder: Path) -> Path:
    """Put a `docker` and a `systemctl` there that write their arguments to the file returned."""
    calls = folder / "calls"
    for name in ("docker", "systemctl"):
        (folder / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >> {calls}\n[ "$1" = inspect ] && exec echo "[]"\necho Id=redis-server.service\necho LoadState=loaded\n'
        )
        (folder / name).chmod(0o755)
    return calls


def test_it_is_taken_back_by_its_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are given back, containers get their policies and run again; units that ran before are left."""
    calls, new = noted_calls(tmp_path), tmp_path / "srv" / "new" / "var" / "lib"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    moved = [new / "qdrant" / "storage", new / "omnimind" / "uploads", new / "redis"]
    for target in moved:
        for folder, text in (
            (target, "native"),
            (target.parent / ".omnimind-parked" / earlier.DONE / f"{target.name}.before", "before"),
        ):
            folder.mkdir(parents=True)
            (folder / "is").write_text(text)
    with Journal(earlier.journal(tmp_path, f"{tmp_path}/srv")) as journal:
        run = journal.run(earlier.DONE)
        with wiring.handlers(goal_begun(run), Paths(tmp_path / "srv" / "new"), run.id) as kinds:
            outcome = undo(run, journal, kinds, lambda event: None)
        assert outcome.check().state is RunState.ROLLED_BACK
        notes = {record.step.id: record.memo for record in journal.run(run.id).steps}
    assert [(target / "is").read_text() for target in moved] == ["before"] * 3
    assert notes["final-qdrant"] == {"swapping": False, "parked": False}
    assert notes["place-redis"] == {"placing": False, "parked": False}
    assert notes["take-redis"] and notes["take-redis"]["taken"] is False
    output = calls.read_text().splitlines()
    for container in (earlier.QDRANT, earlier.REDIS, earlier.BACKEND, earlier.FRONTEND):
        assert f"docker update --restart=unless-stopped {container}" in output
        assert f"docker start {container}" in output
    shown = [line for line in output if line.startswith("systemctl show")]
    assert shown and not any("postgresql.service" in line for line in shown), "it ran before: it is not ours to stop"
