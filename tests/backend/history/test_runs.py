"""/runs: what the journal of this machine says, read beside whoever writes it, by a worker that may not write."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from omnimind_ops.flows import recovery
from omnimind_ops.health.recovery_actions import Escalation, Restart
from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import Sides
from omnimind_ops.model.payloads import Payload
from omnimind_ops.model.plan import Change, Plan, Preview, Step, Task, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.model.status import RunState
from omnimind_ops.model.system import System
from omnimind_ops.model.world import Mode, World
from omnimind_ops.runner import database
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from tests.backend.history.conftest import Past
from tests.embedded.system import as_user, python_for
from tests.services import ROOT

SECRET = "hunter2-and-more"


@dataclass(frozen=True)
class ActPayload(Payload):
    """Where it acts."""

    kind = "act"
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActNotes:
    """The keys of every real step of which a receipt is made."""

    stopped_at: float | None = None
    qdrant: Sides | None = None
    answered: Mapping[str, float] | None = None


STEPS = (
    Step.of("install", ActPayload(("/srv/secret-place",)), "install the packages", Undo.KEPT),
    Step("stop-writers", "act", "stop the writers", phase="cutover"),
    Step("stop-data", "act", "stop the data containers", phase="cutover"),
    Step("verify", "act", "compare", phase="verify"),
    Step("prove", "act", "prove each service", phase="verify"),
)
OLD = Fingerprint("qdrant", {"points of c": 50}, {"c": "ab12"})
SETUP = {
    "project": "shop",
    "asked": {"config": ""},
    "goal": {"uploads": "/home/ana/private"},
    "containers": [{"name": "shop-db"}],
}


class Steps:
    """A handler that leaves the notes which the real steps leave; `fails` is the step that cannot."""

    payload: ClassVar = ActPayload
    notes: ClassVar = ActNotes

    def __init__(self, fails: str = "", native: Fingerprint = OLD) -> None:
        self.fails, self.native = fails, native

    def preview(self, step: Task[ActPayload]) -> Preview:
        return Preview(step.id, Change.YES)

    def do(self, step: Task[ActPayload], memo: Memo[ActNotes], tell: Tell) -> bool:
        tell(line(step.id, f"connecting to redis://app:{SECRET}@127.0.0.1/0"))
        if step.id == self.fails:
            raise Problem("cannot stop it", f"--password {SECRET} was refused", "try again")
        if step.id.startswith("stop"):
            memo.write(ActNotes(stopped_at=100.0 if step.id == "stop-writers" else 101.5))
        if step.id == "verify":
            memo.write(ActNotes(qdrant=Sides(OLD, self.native)))
        if step.id == "prove":
            memo.write(ActNotes(answered={"redis": 103.0, "qdrant": 104.0, "frontend": 110.25, "engine": 99.0}))
        return True

    def undo(self, step: Task[ActPayload], memo: Memo[ActNotes], tell: Tell) -> None:
        tell(line(step.id, f"took back {step.id}"))


def migrated(past: Past, handler: Steps | None = None) -> str:
    """A migration, applied by the real runner; its id."""
    with Journal(past.journal) as journal:
        run = journal.create(Plan("migrate", STEPS), SETUP)
        runner.apply(run, journal, {"act": handler or Steps()}, lambda _event: None)
    return run.id


def world(past: Past) -> World:
    """A World whose journal this is."""
    folder = past.state
    return World(Mode.EMBEDDED, System(), folder, folder, folder, folder, folder)


def recovered(past: Past, *, well: bool = True) -> None:
    """A recovery, written down as the guard does."""
    record = recovery.RecoveryLog(world(past), lambda _event: None)
    act = Restart("backend-8080", Escalation.WORKER, ("backend-8080-1",), 1, f"was silent; token={SECRET}")
    record.started(act)
    record.ended(act, 0.4)
    record.recovered("backend-8080") if well else record.gave_up("backend-8080", "5 restarts did not help")


def runs(past: Past, query: str = "") -> list[dict[str, Any]]:
    answer = past.get(f"/runs{query}")
    assert answer.status_code == 200, answer.text
    body: list[dict[str, Any]] = answer.json()["runs"]
    return body


def test_a_machine_on_which_nothing_was_run_has_no_runs(past: Past) -> None:
    assert runs(past) == []
    assert past.get("/runs/none").status_code == 404
    assert not past.journal.exists(), "a look leaves no trace"


def test_migrations_and_recoveries_are_listed_newest_first(past: Past) -> None:
    run = migrated(past)
    recovered(past)
    recovered(past, well=False)
    gave_up, well, migration = runs(past)
    assert (migration["id"], migration["name"], migration["state"], migration["about"]) == (
        run,
        "migrate",
        "unconfirmed",
        "shop",
    )
    assert migration["counts"] == {"done": 5}
    assert (well["name"], well["state"], well["about"], well["counts"]["done"]) == (
        "recover",
        "finished",
        "backend-8080",
        1,
    )
    assert well["reason"].startswith("was silent")
    assert well["seconds"] >= 0 and migration["seconds"] is None
    assert gave_up["state"] == "failed"
    assert [item["name"] for item in runs(past, "?name=recover&limit=1")] == ["recover"]
    assert past.get("/runs?name=other").status_code == 422
    assert past.get("/runs?limit=0").status_code == 422


def test_a_run_tells_its_steps_its_events_and_what_its_receipt_says(past: Past) -> None:
    run = migrated(past, Steps(native=replace(OLD, counts={"points of c": 49})))
    body = past.get(f"/runs/{run}").json()
    assert [(step["id"], step["status"], step["phase"], step["undo"]) for step in body["steps"]][:2] == [
        ("install", "done", "install", "kept, harmless"),
        ("stop-writers", "done", "cutover", "reversible"),
    ]
    assert all(element["started"] and element["seconds"] >= 0 for element in body["steps"])
    events = body["events"]
    assert [event["number"] for event in events] == sorted(item["number"] for item in events)
    assert any(entry["step"] == "prove" and entry["status"] == "done" for entry in events)
    receipt = body["receipt"]
    assert receipt["downtime_s"] == {"redis": 1.5, "qdrant": 2.5, "frontend": 10.25}
    assert receipt["compared"] == [
        {
            "store": "qdrant",
            "equal": False,
            "facts": [
                {"name": "c", "old": "ab12", "native": "ab12"},
                {"name": "points of c", "old": "50", "native": "49"},
            ],
        }
    ]
    assert "until" in receipt["rollback"]


def test_a_recovery_has_no_receipt(past: Past) -> None:
    recovered(past)
    (item,) = runs(past)
    body = past.get(f"/runs/{item['id']}").json()
    assert body["receipt"] is None
    assert [step["status"] for step in body["steps"]].count("done") == 1


def test_a_run_that_failed_says_why_and_what_was_taken_back(past: Past) -> None:
    body = past.get(f"/runs/{migrated(past, Steps(fails='stop-data'))}").json()
    assert body["state"] == "rolled back"
    assert {item["id"]: item["status"] for item in body["steps"]} == {
        "install": "held", "stop-writers": "undone", "stop-data": "undone", "verify": "todo", "prove": "todo",
    }  # fmt: skip
    assert "was refused" in next(step["problem"] for step in body["steps"] if step["id"] == "stop-data")


def test_no_secret_no_argument_and_no_private_path_is_told(past: Past) -> None:
    ids = [migrated(past), migrated(past, Steps(fails="stop-data"))]
    recovered(past)
    response = past.get("/runs").text + "".join(past.get(f"/runs/{id}").text for id in [*ids, runs(past)[0]["id"]])
    assert "connecting to redis" in response
    for word in (SECRET, "/srv/secret-place", "/home/ana/private", "shop-db"):
        assert word not in response


def test_events_come_in_pieces_and_a_page_asks_only_for_new_ones(past: Past) -> None:
    with Journal(past.journal) as journal:
        run = journal.create(Plan("migrate", STEPS), SETUP).id
        for number in range(30):
            journal.append(run, warning(f"event {number}"))
        first = past.get(f"/runs/{run}?limit=10").json()
        assert [event["text"] for event in first["events"]] == [f"event {number}" for number in range(20, 30)]
        assert first["events_before"] == 20
        journal.append(run, line("", "the latest"))
        later = past.get(f"/runs/{run}?after={first['events'][-1]['number']}").json()
        assert [item["text"] for item in later["events"]] == ["the latest"]


@pytest.mark.parametrize("id", ["none", "..", "%2e%2e%2fjournal", "x' OR '1'='1", "x" * 120])
def test_an_unknown_run_is_not_found(past: Past, id: str) -> None:
    migrated(past)
    answer = past.get(f"/runs/{id}")
    assert answer.status_code == 404 or id == ".."
    assert "steps" not in answer.json()


def test_a_run_is_followed_while_it_is_written(past: Past) -> None:
    """-wal and -shm come and go beside the reader; none of its looks fails, and none goes back in time."""
    migrated(past)
    stop, bad, observed = threading.Event(), [], 0

    def write() -> None:
        while not stop.is_set():
            with Journal(past.journal) as journal:
                run = journal.create(Plan("migrate", STEPS), SETUP)
                runner.apply(run, journal, {"act": Steps()}, lambda _event: None)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with past.core.logged_in("reader") as client:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                answer = client.get("/runs?limit=500")
                if answer.status_code != 200:
                    bad.append(answer.text)
                    continue
                count = len(answer.json()["runs"])
                assert count >= observed
                observed = count
    finally:
        stop.set()
        writer.join()
    assert bad == []
    assert observed > 1


def test_a_journal_that_cannot_be_read_is_said_and_nothing_falls(past: Past) -> None:
    past.journal.write_bytes(b"this is no database" * 100)
    answer = past.get("/runs")
    assert answer.status_code == 503
    assert answer.json()["title"] == "the journal cannot be read"
    assert "sudo omnimind runs" in answer.json()["fix"]
    assert past.get("/health/live").status_code == 200


def test_a_newer_journal_is_said(past: Past) -> None:
    migrated(past)
    with sqlite3.connect(past.journal) as db:
        db.execute(f"PRAGMA user_version={database.VERSION + 1}")
    db.close()
    answer = past.get("/runs")
    assert answer.status_code == 503
    assert "format" in answer.json()["detail"]


ASK = "import json, sys; from pathlib import Path; from backend.history import runs; print(json.dumps([one.model_dump() for one in runs.list_runs(Path(sys.argv[1]), 10)]))"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a journal to a group")
def test_the_workers_user_reads_what_root_writes_and_can_change_nothing(past: Past) -> None:
    """As on a host: the journal exists before the user does; then the folder is given to the group, and the run goes
    on.
    """
    user = pwd.getpwnam("nobody")
    python = python_for("nobody", past.core.home)

    def ask() -> subprocess.CompletedProcess[str]:
        command = (python, "-c", ASK, str(past.journal))
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            **as_user("nobody"),
        )

    with Journal(past.journal) as journal:
        run = journal.create(Plan("migrate", STEPS), SETUP)
        assert ask().returncode != 0, "it is root's alone"
        os.chown(past.state, 0, user.pw_gid)
        runner.apply(run, journal, {"act": Steps()}, lambda _event: None)
    for file in (past.journal, past.state):
        assert not os.stat(file).st_mode & 0o022
    with Journal(past.journal) as journal:
        journal.state(run.id, RunState.CONFIRMED)
        files = sorted(past.state.glob("journal.db*"))
        assert [file.name for file in files] == ["journal.db", "journal.db-reserve", "journal.db-shm", "journal.db-wal"]
        while_open = json.loads(ask().stdout)
    afterwards = json.loads(ask().stdout)
    assert (
        [(item["id"], item["state"]) for item in while_open]
        == [(after_result["id"], after_result["state"]) for after_result in afterwards]
        == [(run.id, "confirmed")]
    )
    write = (
        python,
        "-c",
        "import sys, sqlite3; sqlite3.connect(sys.argv[1]).execute('DELETE FROM event')",
        str(past.journal),
    )
    done = subprocess.run(write, cwd=ROOT, capture_output=True, text=True, **as_user("nobody"))
    assert "readonly" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a journal to a group")
def test_the_journal_stays_roots_alone_where_its_folder_is(past: Past) -> None:
    migrated(past)
    assert os.stat(past.journal).st_mode & 0o777 == 0o600


def test_a_look_back_is_not_what_makes_a_worker_heavy() -> None:
    script = "import sys; import backend.main; print(sorted({'sqlite3', 'omnimind_ops.flows', 'omnimind_ops.runner'} & sys.modules.keys()))"
    done = subprocess.run((sys.executable, "-c", script), cwd=Path(ROOT), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_worker_that_shows_a_run_loads_nothing_that_could_make_one(past: Past) -> None:
    """Least of all what measures: it is heavy."""
    arguments = "from pathlib import Path; from backend.history.runs import detail; detail(Path(sys.argv[1]), sys.argv[2], 0, 10)"
    script = f"import sys; {arguments}; print([name for name in sys.modules if name.startswith(('omnimind_ops.flows', 'omnimind_ops.steps', 'omnimind_ops.bench'))])"
    done = subprocess.run(
        (sys.executable, "-c", script, past.journal, migrated(past)),
        cwd=Path(ROOT),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
