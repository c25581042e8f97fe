"""The time to confirm: it counts from the end of the proof, and people are told before and after a rollback by itself.

Journal, runner and units are real; `systemctl`, `docker`, `wall` and `logger` are doubles on PATH.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omnimind_ops.flows import rollback
from omnimind_ops.model.notes import TimerNotes
from omnimind_ops.model.payloads import ConfirmTimePayload, TimerPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.steps import timer
from omnimind_ops.steps.timer import ConfirmTimeStep, RollbackTimer, TimerStep, confirm_until, unit_path
from tests import engine_double
from tests.migrated import IDS, Host, migrated, names

BEGIN = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Clock:
    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Armed:
    """Both steps of the timer on one machine."""

    paths: Paths
    clock: Clock = field(default_factory=Clock)
    notes: MemoryNotes = field(default_factory=MemoryNotes)

    def do(self, name: str, minutes: int = 10) -> str:
        made = RollbackTimer(self.paths, "run-1", Path("/opt/omnimind/cli/current/bin/omnimind"), self.clock)
        memo = Memo(self.notes, name, TimerNotes)
        if name == "arm-timer":
            TimerStep(made).do(Task(name, TimerPayload(minutes)), memo, lambda event: None)
        else:
            ConfirmTimeStep(made).do(Task(name, ConfirmTimePayload(minutes)), memo, lambda event: None)
        return str(memo.read().deadline)

    def unit(self, suffix: str, unit: str = timer.UNIT) -> str:
        return unit_path(self.paths, suffix, unit).read_text()


@pytest.fixture
def armed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Armed:
    engine_double.install(tmp_path, monkeypatch)
    paths = Paths(tmp_path / "root")
    unit_path(paths, "timer").parent.mkdir(parents=True)
    return Armed(paths)


def test_the_time_to_confirm_counts_from_the_end_of_the_proof(armed: Armed) -> None:
    """A cutover of an hour used up the ten minutes, and the timer took it back at once."""
    assert armed.do("arm-timer") == "2026-12-01 03:10:00 UTC"
    armed.clock.now += HOUR
    assert armed.do("arm-timer") == "2026-12-01 03:10:00 UTC", "the timer of the cutover stays"
    assert armed.do("start-confirm-time") == "2026-12-01 04:10:00 UTC"
    assert "OnCalendar=2026-12-01 04:10:00 UTC\n" in armed.unit("timer")
    armed.clock.now += HOUR
    assert armed.do("start-confirm-time") == "2026-12-01 05:10:00 UTC", "a repeated step counts from its own end"


def test_people_are_told_before_the_deadline(armed: Armed) -> None:
    armed.do("start-confirm-time")
    assert "OnCalendar=2026-12-01 03:05:00 UTC\nOnCalendar=2026-12-01 03:09:00 UTC\n" in armed.unit(
        "timer", timer.NOTICE
    )
    service = armed.unit("service", timer.NOTICE)
    assert "ExecStart=-/usr/bin/wall" in service and "at 2026-12-01 03:10:00 UTC" in service
    assert "ExecStart=-/usr/bin/logger" in service


def test_a_deadline_of_a_minute_has_no_notice(armed: Armed) -> None:
    """systemd refuses a timer without a time."""
    armed.do("start-confirm-time", minutes=1)
    assert not unit_path(armed.paths, "timer", timer.NOTICE).exists()


def test_confirming_removes_all_units(armed: Armed) -> None:
    armed.do("start-confirm-time")
    timer.remove_timer(armed.paths)
    assert not list(unit_path(armed.paths, "timer").parent.iterdir())


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return migrated(tmp_path, monkeypatch)


@pytest.fixture
def walls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Host) -> Callable[[], str]:
    """What was written to people's terminals and to the log."""
    folder, result = tmp_path / "rim", tmp_path / "said"
    folder.mkdir()
    for name in ("wall", "logger"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {name}: >> {result}; cat >> {result}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return lambda: result.read_text() if result.exists() else ""


def until(host: Host, deadline: datetime) -> None:
    """Let the time to confirm end then."""
    notes = TimerNotes(deadline.strftime(timer.FORMAT))
    host.journal.memo(host.run.id, "start-confirm-time", TimerNotes).write(notes)


def by_timer(host: Host) -> RunState:
    """What the timer's service does."""
    run = host.journal.run(host.run.id)
    return rollback.rollback(run, host.journal, host.paths, lambda event: None, unconfirmed=True).state


def test_a_rollback_that_waited_for_the_migration_finds_a_later_deadline(host: Host, walls: Callable[[], str]) -> None:
    until(host, datetime.now(UTC) + HOUR)
    assert by_timer(host) is RunState.UNCONFIRMED and not walls()
    run = host.journal.run(host.run.id)
    assert confirm_until(run) == run.steps[-1].notes(TimerNotes).deadline
    host.journal.state(host.run.id, RunState.RUNNING)  # killed: nobody waits for its confirmation
    assert by_timer(host) is RunState.ROLLED_BACK


def test_people_are_told_before_and_after_a_rollback_by_itself(host: Host, walls: Callable[[], str]) -> None:
    until(host, datetime.now(UTC) - HOUR)
    assert by_timer(host) is RunState.ROLLED_BACK and host.double.running == names(*IDS)
    begin, end = walls().index("was not confirmed in time"), walls().index("is rolled back; the containers run again")
    assert begin < end and walls().count("wall:") == walls().count("logger:") == 2


def test_people_are_told_that_nothing_was_rolled_back(host: Host, walls: Callable[[], str]) -> None:
    until(host, datetime.now(UTC) - HOUR)
    host.double.remove(*names("redis"))
    with pytest.raises(Problem):
        by_timer(host)
    assert "was not rolled back" in walls() and "omnimind confirm" in walls()


def test_a_rollback_by_a_person_is_told_to_nobody_else(host: Host, walls: Callable[[], str]) -> None:
    assert host.rollback() is RunState.ROLLED_BACK and not walls()


def test_the_timer_of_a_confirmed_migration_goes(host: Host) -> None:
    """The confirmation was interrupted before it removed the timer."""
    unit = unit_path(host.paths, "timer")
    unit.parent.mkdir(parents=True)
    unit.touch()
    host.journal.state(host.run.id, RunState.CONFIRMED)
    assert by_timer(host) is RunState.CONFIRMED and not unit.exists()
