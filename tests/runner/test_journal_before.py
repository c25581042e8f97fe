"""A journal of format 1 (tests/fixtures/journal-1.sql), written before events had types: it is read, and its open run
goes on.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.history import runs
from omnimind_ops.cli import runs as command
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.payloads import Payload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.rollback import undo

SQL = Path(__file__).parents[1] / "fixtures" / "journal-1.sql"
BACK, BUG, RECOVERY, POSTPONED = (
    "20261123-104501-migrate",
    "20261123-104516-test",
    "20261123-104523-recover",
    "20261123-104524-migrate",
)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The journal as a file."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SQL.read_text(encoding="utf-8"))
    return path


@dataclass
class Noted:
    """A handler of one kind of step, with its real payload; notes what it was asked for."""

    payload: type[Payload]
    calls: list[str]
    notes: type[NoNotes] = NoNotes

    def preview(self, step: Task[Payload]) -> Preview:
        return Preview(step.id, Change.YES)

    def do(self, step: Task[Payload], memo: Memo[NoNotes], tell: Tell) -> bool:
        tell(line(step.id, "goes on"))
        self.calls.append(f"do {step.id}")
        return True

    def undo(self, step: Task[Payload], memo: Memo[NoNotes], tell: Tell) -> None:
        self.calls.append(f"undo {step.id}")


def handlers(journal: Path, calls: list[str]) -> dict[str, Noted]:
    payloads = {
        subclass.kind: subclass for subclass in Payload.__subclasses__() if subclass.__module__ == Payload.__module__
    }
    kinds = {record.step.kind for record in History(journal).run(POSTPONED).steps}
    return {kind: Noted(payloads[kind], calls) for kind in kinds}


def test_its_runs_are_listed_and_shown_event_by_event(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_journal", lambda: before)
    command.command(json=True)
    listed = json.loads(capsys.readouterr().out)["data"]["runs"]
    assert [(run["id"], run["state"]) for run in listed] == [
        (POSTPONED, "postponed"),
        (RECOVERY, "finished"),
        (BUG, "rolled back"),
        (BACK, "rolled back"),
    ]
    with closing(sqlite3.connect(before)) as db:
        for run in (BACK, BUG, RECOVERY, POSTPONED):
            rows = db.execute("SELECT at, kind, step, text, data FROM event WHERE run = ? ORDER BY number", (run,))
            command.command(run, json=True)
            printed = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
            assert printed == [
                {"at": at, "kind": kind, "step": step, "text": text, "data": json.loads(data)}
                for at, kind, step, text, data in rows
            ]
            assert printed
    command.command(BUG)
    assert "ZeroDivisionError: in b" in capsys.readouterr().out


def test_the_page_reads_it(before: Path) -> None:
    assert [head.state for head in runs.list_runs(before, 10)] == [
        "postponed",
        "finished",
        "rolled back",
        "rolled back",
    ]
    detail = runs.detail(before, BACK, 0, 1000)
    assert [(event.step, event.status) for event in detail.events if event.kind == "step"][-1] == (
        "install-base",
        "held",
    )
    assert [event.status for event in detail.events if event.kind == "run"] == [
        "running",
        "rolling back",
        "rolled back",
    ]
    assert detail.receipt and detail.receipt.downtime_s is not None
    recovery = runs.detail(before, RECOVERY, 0, 1000)
    assert (recovery.about, recovery.reason) == ("backend-8080", "was silent; token=***")
    assert [event.status for event in recovery.events] == ["doing", "done", ""]


def test_its_postponed_migration_goes_on_where_it_was(before: Path) -> None:
    calls: list[str] = []
    with Journal(before) as journal:
        run = journal.run(POSTPONED)
        left = [record.step.id for record in run.steps if record.status is Status.TODO]
        outcome = runner.apply(run, journal, handlers(before, calls), lambda _: None)
    assert outcome.state is RunState.UNCONFIRMED
    assert calls == [f"do {id}" for id in left] != []


def test_its_postponed_migration_can_be_taken_back(before: Path) -> None:
    calls: list[str] = []
    with Journal(before) as journal:
        outcome = undo(journal.run(POSTPONED), journal, handlers(before, calls), lambda _: None)
    assert outcome.state is RunState.ROLLED_BACK
    assert "undo warm-qdrant" in calls
