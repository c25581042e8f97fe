"""Exit codes of `omnimind migrate` say what is true: 0 is migrated and confirmed, or what was asked for.

The command, the journal and the runner are real; all steps of the run are done before.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

from omnimind_ops import cli
from omnimind_ops.cli import migrate as command
from omnimind_ops.flows import confirm, converge, receipt
from omnimind_ops.model.notes import TimerNotes
from omnimind_ops.model.problem import ExitCode
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.steps import timer
from tests.migrated import IDS, Host, migrated, names


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits."""
    made = migrated(tmp_path, monkeypatch)
    monkeypatch.setattr(command, "paths", lambda: made.paths)
    monkeypatch.setattr(command, "require_root", lambda doing: None)
    monkeypatch.setattr(converge, "converge", lambda run, paths, settings, tell: 0)
    return made


def migrate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["omnimind", "migrate", "--from-docker", "--no-bench", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_migrated_and_confirmed_is_0(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.journal.state(host.run.id, RunState.RUNNING)
    assert migrate(monkeypatch, "--yes") == 0
    assert host.state is RunState.CONFIRMED
    assert migrate(monkeypatch) == 0


def test_migrated_and_not_confirmed_is_a_code_of_its_own(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.journal.state(host.run.id, RunState.RUNNING)
    assert migrate(monkeypatch) == ExitCode.UNCONFIRMED == 6
    assert host.state is RunState.UNCONFIRMED
    assert migrate(monkeypatch) == ExitCode.UNCONFIRMED


def test_yes_confirms_what_waits_and_ends_its_timer(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said "already native" with 0, and later the timer took everything back."""
    unit = timer.unit_path(host.paths, "timer")
    unit.parent.mkdir(parents=True)
    unit.touch()
    assert migrate(monkeypatch, "--yes") == 0
    assert host.state is RunState.CONFIRMED
    assert not unit.exists() and "systemctl disable --now" in host.double.calls


def test_postponed_as_asked_is_0(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for record in host.run.steps:
        if record.step.phase in ("cutover", "verify"):
            host.journal.mark(host.run.id, record.step.id, Status.TODO)
    host.journal.state(host.run.id, RunState.RUNNING)
    assert migrate(monkeypatch, "--yes", "--postpone") == 0
    assert host.state is RunState.POSTPONED


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.ROLLING_BACK])
def test_a_rollback_that_was_left_over_and_is_done_now_is_not_a_migration(
    host: Host, monkeypatch: pytest.MonkeyPatch, state: RunState
) -> None:
    host.journal.mark(host.run.id, "activate-units", Status.UNDONE)
    host.journal.state(host.run.id, state)
    assert migrate(monkeypatch, "--yes") == ExitCode.ROLLED_BACK
    assert (host.state, host.double.running) == (RunState.ROLLED_BACK, names(*IDS))


def test_a_rollback_that_is_refused_has_a_code_of_its_own(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.journal.state(host.run.id, RunState.ROLLING_BACK)
    host.double.remove(*names("redis"))
    assert migrate(monkeypatch, "--yes") == ExitCode.NO_WAY_BACK == 7
    assert (host.state, host.double.calls) == (RunState.ROLLING_BACK, ())


def ctrl_c(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
    """Press Ctrl-C when this function is called."""
    real = getattr(module, name)

    def pressed(*values: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return real(*values)

    monkeypatch.setattr(module, name, pressed)


def test_ctrl_c_during_the_confirmation_leaves_no_half_of_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """There was a traceback, the timer was gone, and the run stayed unconfirmed."""
    host.journal.state(host.run.id, RunState.RUNNING)
    ctrl_c(monkeypatch, confirm, "remove_timer")
    assert migrate(monkeypatch, "--yes") == 0
    assert host.state is RunState.CONFIRMED


def test_ctrl_c_before_the_confirmation_keeps_the_timer_and_says_so(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    host.journal.state(host.run.id, RunState.RUNNING)
    host.journal.memo(host.run.id, "start-confirm-time", TimerNotes).write(TimerNotes("2026-12-01 03:12:00 UTC"))
    unit = timer.unit_path(host.paths, "timer")
    unit.parent.mkdir(parents=True)
    unit.touch()
    ctrl_c(monkeypatch, receipt, "write")
    assert migrate(monkeypatch, "--yes") == ExitCode.UNCONFIRMED
    assert host.state is RunState.UNCONFIRMED and unit.exists()
    result = " ".join(capfd.readouterr().err.split())
    assert "interrupted (SIGINT) before it was confirmed: run `omnimind confirm` before 2026-12-01 03:12:00" in result
    assert "Traceback" not in result
