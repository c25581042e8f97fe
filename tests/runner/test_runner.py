"""The runner, as one table of strings (after Canonical pebble's taskrunner_test.go)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omnimind_ops.model.event import Event, Line, Progress, RunEnded, RunStarted, StepChanged, Tell, Warning
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Plan, Step, Task
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.rollback import undo
from tests.runner.script import Script, ScriptNotes, ScriptPayload, plan

Told = list[Event]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal in a real file."""
    return Journal(tmp_path / "journal.db")


def statuses(journal: Journal, run: str) -> str:
    """Return `a:done b:todo`."""
    return " ".join(f"{record.step.id}:{record.status}" for record in journal.run(run).steps)


TABLE = [
    # setup, calls, statuses, state
    ("a:do b:do", "a:do b:do", "a:done b:done", RunState.UNCONFIRMED),
    ("a:do b:do-error", "a:do b:do-error b:undo a:undo", "a:undone b:undone", RunState.ROLLED_BACK),
    ("a:do-error b:do", "a:do-error a:undo", "a:undone b:todo", RunState.ROLLED_BACK),
    ("a:do b:do-bug c:do", "a:do b:do-bug b:undo a:undo", "a:undone b:undone c:todo", RunState.ROLLED_BACK),
    ("a=kept:do b:do-error", "a:do b:do-error b:undo a:undo", "a:held b:undone", RunState.ROLLED_BACK),
    ("a=no:do b:do-error", "a:do b:do-error b:undo", "a:held b:undone", RunState.ROLLED_BACK),
    ("a:do b=no:do-error", "a:do b:do-error a:undo", "a:undone b:held", RunState.ROLLED_BACK),
    (
        "a:do b:do b:undo-error c:do d:do-error",
        "a:do b:do c:do d:do-error d:undo c:undo b:undo-error a:undo",
        "a:undone b:undoing c:undone d:undone",
        RunState.FAILED,
    ),
    (
        "a:do a:undo-bug b:do-error b:undo-error",
        "a:do b:do-error b:undo-error a:undo-bug",
        "a:undoing b:undoing",
        RunState.FAILED,
    ),
    ("a:do b:do-int c:do", "a:do b:do-int b:undo a:undo", "a:undone b:undone c:todo", RunState.ROLLED_BACK),
    ("a:do b:do-term c:do", "a:do b:do-term b:undo a:undo", "a:undone b:undone c:todo", RunState.ROLLED_BACK),
    ("a:do b:do-int-loop c:do", "a:do b:do-int-loop b:undo a:undo", "a:undone b:undone c:todo", RunState.ROLLED_BACK),
    ("a:do b:do-int", "a:do b:do-int b:undo a:undo", "a:undone b:undone", RunState.ROLLED_BACK),
    ("a:do b:do-hup c:do", "a:do b:do-hup c:do", "a:done b:done c:done", RunState.UNCONFIRMED),
    ("a:do-error a:undo-int", "a:do-error a:undo-int", "a:undone", RunState.ROLLED_BACK),
]


@pytest.mark.parametrize(("setup", "calls", "marks", "state"), TABLE, ids=[row[0] for row in TABLE])
def test_apply(journal: Journal, setup: str, calls: str, marks: str, state: RunState) -> None:
    """Each row: what the steps do, which handler calls that makes, what the journal says then."""
    script = Script()
    run = journal.create(plan(setup), {})
    outcome = runner.apply(run, journal, {"script": script}, lambda event: None)
    assert " ".join(script.calls) == calls
    assert statuses(journal, run.id) == marks
    assert (outcome.state, journal.run(run.id).state) == (state, state)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


FOUND = [
    # found in the journal, then apply or undo, calls, statuses
    ("a:done b:doing c:todo", "apply", "b:do c:do", "a:done b:done c:done"),
    ("a:done b:failed c:todo", "apply", "b:do c:do", "a:done b:done c:done"),
    ("a:done b:doing c:todo", "undo", "b:undo a:undo", "a:undone b:undone c:todo"),
    ("a:done b:undoing c:undone", "undo", "b:undo a:undo", "a:undone b:undone c:undone"),
    ("a:undone b:held c:failed", "undo", "c:undo", "a:undone b:held c:undone"),
    ("a:done b:done c:done", "undo", "c:undo b:undo a:undo", "a:undone b:undone c:undone"),
    ("a:todo b:todo", "undo", "", "a:todo b:todo"),
]


@pytest.mark.parametrize(("found", "verb", "calls", "marks"), FOUND)
def test_what_was_found_half_done_is_done_or_undone_again(
    journal: Journal, found: str, verb: str, calls: str, marks: str
) -> None:
    """A run as a crash left it."""
    script = Script()
    run = journal.create(plan(" ".join(f"{word.split(':')[0]}:do" for word in found.split())), {})
    for word in found.split():
        name, status = word.split(":")
        journal.mark(run.id, name, Status(status))
        journal.memo(run.id, name, ScriptNotes).write(ScriptNotes(0))
    act: Callable[..., object] = {"apply": runner.apply, "undo": undo}[verb]
    act(run, journal, {"script": script}, lambda event: None)
    assert " ".join(script.calls) == calls
    assert statuses(journal, run.id) == marks


def test_a_run_is_postponed_before_a_phase_and_goes_on_later(journal: Journal) -> None:
    """Warm copy today, cutover tonight."""
    script = Script()
    run = journal.create(plan("a@warm:do b@cutover:do c@cutover:do"), {})
    assert (
        runner.apply(run, journal, {"script": script}, lambda event: None, stop_before="cutover").state
        is RunState.POSTPONED
    )
    assert statuses(journal, run.id) == "a:done b:todo c:todo"
    assert (
        runner.apply(run, journal, {"script": script}, lambda event: None, stop_before="cutover").state
        is RunState.POSTPONED
    )
    assert runner.apply(run, journal, {"script": script}, lambda event: None).state is RunState.UNCONFIRMED
    assert " ".join(script.calls) == "a:do b:do c:do"


def test_a_phase_that_was_begun_is_no_place_to_stop(journal: Journal) -> None:
    """Killed in the middle of the cutover: going on finishes it whatever was asked at first."""
    run = journal.create(plan("a@warm:do b@cutover:do c@cutover:do"), {})
    journal.mark(run.id, "a", Status.DONE)
    journal.mark(run.id, "b", Status.DONE)
    script = Script()
    assert (
        runner.apply(run, journal, {"script": script}, lambda event: None, stop_before="cutover").state
        is RunState.UNCONFIRMED
    )
    assert script.calls == ["c:do"]


def test_an_undo_that_failed_succeeds_later(journal: Journal) -> None:
    """FAILED is not the end: once mended, undo does what was left."""
    script = Script()
    run = journal.create(plan("a:do a:undo-error b:do-error"), {})
    outcome = runner.apply(run, journal, {"script": script}, lambda event: None)
    with pytest.raises(Problem, match="cannot undo 1 step") as caught:
        outcome.check()
    assert "cannot do b" in caught.value.why
    assert "mend a" in caught.value.fix
    assert caught.value.code is ExitCode.PROBLEM
    script.healed, script.calls = True, []
    assert undo(run, journal, {"script": script}, lambda event: None).check().state is RunState.ROLLED_BACK
    assert script.calls == ["a:undo"]


def test_the_problem_tells_what_failed_and_that_it_went_back(journal: Journal) -> None:
    """Exit code 3, the step's own log lines."""
    run = journal.create(plan("a:do b:do-error"), {})
    with pytest.raises(Problem) as caught:
        runner.apply(run, journal, {"script": Script()}, lambda event: None).check()
    problem = caught.value
    assert (problem.what, problem.fix, problem.log) == ("cannot do b", "mend b", ("b says no",))
    assert problem.why == "it is told so\nAll steps were rolled back."
    assert problem.code is ExitCode.ROLLED_BACK
    assert journal.run(run.id).steps[1].problem == "cannot do b: it is told so"


def test_an_interrupted_run_exits_130(journal: Journal) -> None:
    """And says which signal it was."""
    run = journal.create(plan("a:do-term"), {})
    with pytest.raises(Problem, match="SIGTERM") as caught:
        runner.apply(run, journal, {"script": Script()}, lambda event: None).check()
    assert caught.value.code is ExitCode.INTERRUPTED


def test_a_second_interrupt_stops_at_once_and_can_be_resumed(journal: Journal) -> None:
    """More than a second after the first one: nothing more is done, the journal stays as it is."""
    now = datetime(2026, 11, 23, 10, 45, 1, tzinfo=UTC)
    times = iter(now + timedelta(seconds=5 * n) for n in range(1000))
    script = Script()
    run = journal.create(plan("a:do b:do-int c:do"), {})
    first = script.undo

    def undo_and_interrupt(*args: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        first(*args)  # type: ignore[arg-type]

    script.undo = undo_and_interrupt  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        runner.apply(run, journal, {"script": script}, lambda event: None, clock=lambda: next(times))
    assert statuses(journal, run.id) == "a:done b:undoing c:todo"
    assert journal.run(run.id).state is RunState.ROLLING_BACK
    with pytest.raises(Problem, match="it is rolling back"):
        runner.apply(run, journal, {"script": Script()}, lambda event: None)
    assert undo(run, journal, {"script": Script()}, lambda event: None).state is RunState.ROLLED_BACK


def test_one_ctrl_c_that_arrives_twice_is_one(journal: Journal) -> None:
    """sudo and uv pass Ctrl-C on although the terminal sends it to the whole group."""
    script = Script()
    run = journal.create(plan("a:do-int a:undo-int"), {})
    assert runner.apply(run, journal, {"script": script}, lambda event: None).state is RunState.ROLLED_BACK


def test_everything_told_is_logged_but_progress(journal: Journal) -> None:
    """And the unknown error keeps its traceback there."""
    events: Told = []
    run = journal.create(plan("a:do b:do-bug"), {})
    runner.apply(run, journal, {"script": Script()}, events.append)
    logged = [entry.event for entry in journal.events(run.id)]
    assert [event.text for event in events if not isinstance(event, Progress)] == [
        event.text for event in logged if not event.text.startswith("traceback")
    ]
    traces = [event.traceback for event in logged if isinstance(event, Line) and event.traceback]
    assert "ZeroDivisionError: in b" in str(traces[0])
    marks = [f"{event.step}:{event.status}" for event in events if isinstance(event, StepChanged)]
    assert " ".join(marks) == "a:doing a:done b:doing b:failed b:undoing b:undone a:undoing a:undone"
    assert [event.state for event in events if isinstance(event, RunStarted | RunEnded)] == [
        "running",
        "rolling back",
        "rolled back",
    ]


def test_a_watcher_that_breaks_does_not_stop_the_run(journal: Journal) -> None:
    """`omnimind migrate | head` closes the pipe in the middle of a cutover."""

    def closed(event: Event) -> None:
        raise BrokenPipeError

    run = journal.create(plan("a:do b:do"), {})
    assert runner.apply(run, journal, {"script": Script()}, closed).check().state is RunState.UNCONFIRMED


def test_a_finished_run_has_no_way_back(journal: Journal) -> None:
    """Its old stack is deleted."""
    run = journal.create(plan("a:do"), {})
    journal.state(run.id, RunState.FINISHED)
    with pytest.raises(Problem, match="finished"):
        undo(run, journal, {"script": Script()}, lambda event: None)


def test_a_kind_nobody_knows_is_refused_before_anything_is_done(journal: Journal) -> None:
    """A journal of another version; going back does what it can and names the rest."""
    run = journal.create(plan("a:do"), {})
    with pytest.raises(Problem, match="kind 'script'"):
        runner.apply(run, journal, {}, lambda event: None)
    assert statuses(journal, run.id) == "a:todo"
    journal.mark(run.id, "a", Status.DONE)
    assert [failure.step for failure in undo(run, journal, {}, lambda event: None).not_undone] == ["a"]


def test_preview_asks_every_handler(journal: Journal) -> None:
    """In order."""
    previews = list(runner.preview(plan("a:do b:do"), {"script": Script()}))
    assert [(preview.step, preview.change) for preview in previews] == [("a", Change.MAYBE), ("b", Change.MAYBE)]


def test_an_interrupt_is_announced_at_once(journal: Journal) -> None:
    """While the step still works: whoever pressed Ctrl-C must know that it was heard."""
    events: Told = []
    heard = threading.Event()

    def tell(event: Event) -> None:
        events.append(event)
        if isinstance(event, Warning):
            heard.set()

    script = Script()
    act = script._act

    def act_and_wait(step: Task[ScriptPayload], verb: str, to: Tell) -> None:
        act(step, verb, to)
        assert verb == "undo" or heard.wait(5)

    script._act = act_and_wait  # type: ignore[method-assign, assignment]
    run = journal.create(plan("a:do-int"), {})
    runner.apply(run, journal, {"script": script}, tell)
    assert "Ctrl-C again stops at once" in next(event.text for event in events if isinstance(event, Warning))


@pytest.mark.parametrize(
    ("kind", "args", "why"),
    [("other", {}, "cannot handle steps of kind 'other'"), ("script", {"strange": 1}, "b of kind script: strange is")],
)
def test_a_plan_that_cannot_be_read_to_its_end_is_not_begun(
    journal: Journal, kind: str, args: dict[str, JSON], why: str
) -> None:
    script = Script()
    run = journal.create(Plan("test", (*plan("a:do").steps, Step("b", kind, "b", args))), {})
    with pytest.raises(Problem, match=why):
        runner.apply(run, journal, {"script": script}, lambda event: None)
    assert script.calls == []
    assert statuses(journal, run.id) == "a:todo b:todo"
