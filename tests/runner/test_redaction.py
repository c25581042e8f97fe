"""No secret leaves in an event, whichever way it takes: through the recorder of a run, the guard's log, a start, a
converge.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from omnimind_ops.flows import converge, recovery
from omnimind_ops.flows.startup.log import StartLog
from omnimind_ops.model.event import Event, Line, StepChanged, StepProblem, Tell, progress, warning
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo
from omnimind_ops.model.status import Status
from omnimind_ops.paths import Paths
from omnimind_ops.runner.events import EventRecorder, redacted
from omnimind_ops.runner.journal import Journal
from omnimind_ops.settings import Settings
from tests.runner.emitters import world
from tests.runner.script import Script, ScriptNotes, ScriptPayload, plan

SECRET = "hunter2"
TEXT = f"redis://app:{SECRET}@127.0.0.1/0"
EVENTS = [
    Line("a", TEXT, (TEXT, f"token={SECRET}")),
    warning(f"--password {SECRET}", "a"),
    StepProblem("a", TEXT, TEXT, TEXT, (TEXT,), TEXT, 1),
    StepChanged("a", TEXT, Status.DOING, reason=TEXT),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_keeps_its_type_and_loses_its_secrets(event: Event, tmp_path: Path) -> None:
    events: list[Event] = []
    with Journal(tmp_path / "journal.db") as journal:
        run = journal.create(plan("a:do"), {}).id
        EventRecorder(journal, run, events.append)(event)
        (logged,) = journal.events(run)
    assert events == [logged.event] == [redacted(event)]
    assert type(logged.event) is type(event)
    assert SECRET not in str(events) and "***" in str(events)


def test_an_event_without_secrets_is_unchanged() -> None:
    for event in (progress("a", "x", 1, None), StepChanged("a", "copy", Status.DONE, "warm", 1.5, changed=False)):
        assert redacted(event) == event


def test_what_the_guard_tells_outside_a_run(tmp_path: Path) -> None:
    events: list[Event] = []
    recovery.RecoveryLog(world(tmp_path), events.append).event("redis", warning(TEXT))
    assert [event.text for event in events] == ["redis://***@127.0.0.1/0"]


def test_what_a_start_tells(tmp_path: Path) -> None:
    events: list[Event] = []
    StartLog(tmp_path, events.append).tell(EVENTS[2])
    assert SECRET not in str(events) + (tmp_path / "startup_detailed.log").read_text()


def test_what_a_converge_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Talkative(Script):
        def do(self, step: Task[ScriptPayload], memo: Memo[ScriptNotes], tell: Tell) -> bool:
            tell(Line(step.id, TEXT))
            return True

    events: list[Event] = []
    kinds = {"script": Talkative(), "host": Talkative()}
    monkeypatch.setattr(converge, "handlers", lambda *_: contextlib.nullcontext(kinds))
    monkeypatch.setattr(converge, "goal_now", lambda *_: None)
    monkeypatch.setattr(converge, "plan", lambda: plan("a:do"))
    with Journal(tmp_path / "journal.db") as journal:
        converge.converge(journal.create(plan("a:do"), {}), Paths(), Settings(), events.append)
    assert Line("a", "redis://***@127.0.0.1/0") in events
