"""`omnimind migrate --at`: the cutover of a run that is copied begins at its time, or not at all, and says why.

The command, the journal and the runner are real; the programs at the rim are doubles on PATH.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omnimind_ops import cli
from omnimind_ops.cli import migrate as command
from omnimind_ops.cli import migrate_at
from omnimind_ops.cli import rollback as rollback_command
from omnimind_ops.cli import runs as runs_command
from omnimind_ops.flows import ask_again, planned
from omnimind_ops.flows.ask_again import AskAgain
from omnimind_ops.flows.discover import Discovery
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import AskNotes
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.check import Needs
from omnimind_ops.planning.migration import migrate as plan
from omnimind_ops.planning.source import RedisSource, Source
from tests.migrated import IDS, Host, migrated

SOON = timedelta(minutes=30)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is copied and waits; the containers run."""
    made = migrated(tmp_path, monkeypatch)
    for module in (command, migrate_at, rollback_command, runs_command):
        monkeypatch.setattr(module, "paths", lambda: made.paths)
    for module in (command, rollback_command):
        monkeypatch.setattr(module, "require_root", lambda doing: None)
    for record in made.run.steps:
        if record.step.phase in ("cutover", "verify"):
            made.journal.mark(made.run.id, record.step.id, Status.TODO)
    made.journal.state(made.run.id, RunState.POSTPONED)
    unit(made, "timer").parent.mkdir(parents=True)
    return made


@pytest.fixture
def walls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Host) -> Callable[[], str]:
    """What was written to people's terminals."""
    folder, result = tmp_path / "rim", tmp_path / "said"
    folder.mkdir()
    (folder / "wall").write_text(f"#!/bin/sh\ncat >> {result}\n")
    (folder / "wall").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return lambda: result.read_text() if result.exists() else ""


def unit(host: Host, suffix: str) -> Path:
    return host.paths.root / f"etc/systemd/system/{planned.UNIT}.{suffix}"


def omnimind(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["omnimind", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def migrate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    return omnimind(monkeypatch, "migrate", "--from-docker", "--no-bench", *arguments)


def plan_at(host: Host, at: datetime) -> None:
    """Let the cutover be planned for then."""
    host.journal.memo(host.run.id, "ask-again", AskNotes).write(AskNotes(at.isoformat(timespec="seconds")))
    for suffix in ("service", "timer"):
        unit(host, suffix).touch()


def asking(monkeypatch: pytest.MonkeyPatch, answer: Callable[[AskAgain, Run], None]) -> None:
    monkeypatch.setattr(AskAgain, "__call__", answer)


def refuse(ask: AskAgain, run: Run) -> None:
    raise Problem("cannot start", "check disk failed: /var: 1.2 GB free", "free 3 GB more on /var")


def text_of(capfd: pytest.CaptureFixture[str]) -> str:
    return " ".join("".join(capfd.readouterr()).split())


def test_the_cutover_is_left_to_a_timer_with_the_same_command(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    at = (datetime.now(UTC) + SOON).replace(microsecond=0)
    monkeypatch.setenv("OMNIMIND_PROJECT", "my project")
    monkeypatch.setenv("OMNIMIND_TOKEN", "not a setting")
    assert migrate(monkeypatch, "--ignore", "memory", "--at", at.isoformat()) == 0
    assert host.state is RunState.POSTPONED and host.double.running == frozenset()
    result = text_of(capfd)
    assert "omnimind confirm" in result and f"omnimind rollback --run {host.run.id}" in result
    service, timer = unit(host, "service").read_text(), unit(host, "timer").read_text()
    arguments = f"omnimind migrate --from-docker --no-bench --ignore memory --planned {host.run.id}\n"
    assert 'Environment="OMNIMIND_PROJECT=my project"\n' in service and "OMNIMIND_TOKEN" not in service
    assert arguments in service and "SuccessExitStatus=6" in service and "RestartForceExitStatus=5" in service
    assert f"OnCalendar={at:%Y-%m-%d %H:%M:%S} UTC\n" in timer and "Persistent=false" in timer
    assert "systemctl enable omnimind-cutover.timer" in host.double.calls
    assert omnimind(monkeypatch, "runs", "--json") == 0
    newest = json.loads(capfd.readouterr().out)["data"]["runs"][0]
    assert newest["planned"] == at.isoformat()
    assert omnimind(monkeypatch, "runs") == 0
    assert "postponed until 20" in text_of(capfd)


def test_nonsense_is_refused_before_anything_is_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrate(monkeypatch, "--at", "soon") == ExitCode.USAGE
    assert migrate(monkeypatch, "--at", "03:00", "--postpone") == ExitCode.USAGE
    assert host.double.calls == () and not unit(host, "timer").exists()


def test_a_cutover_that_has_begun_is_not_planned(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.journal.mark(host.run.id, "ask-again", Status.DONE)
    host.journal.state(host.run.id, RunState.RUNNING)
    assert migrate(monkeypatch, "--at", "03:00") == ExitCode.PROBLEM
    assert host.double.calls == ()


def test_at_its_time_the_checks_are_made_again_and_their_failure_ends_the_run_whole(
    host: Host, monkeypatch: pytest.MonkeyPatch, walls: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    plan_at(host, datetime.now(UTC) - timedelta(seconds=1))
    asking(monkeypatch, refuse)
    assert migrate(monkeypatch, "--planned", host.run.id) == ExitCode.ROLLED_BACK
    assert host.state is RunState.ROLLED_BACK
    assert not any("docker" in call or call.startswith(("start", "update")) for call in host.double.calls)
    assert "did not take place: check disk failed: /var: 1.2 GB free" in walls()
    capfd.readouterr()
    omnimind(monkeypatch, "runs")
    assert "check disk failed: /var: 1.2 GB free" in text_of(capfd)


def test_at_its_time_the_cutover_begins(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_at(host, datetime.now(UTC) - timedelta(seconds=1))
    requests = []
    asking(monkeypatch, lambda ask, run: requests.append(run.id))
    migrate(monkeypatch, "--planned", host.run.id)
    assert requests == [host.run.id]
    record = host.journal.run(host.run.id).record("hold-containers")
    assert record and record.status is not Status.TODO
    assert "systemctl disable --now" in host.double.calls


def test_a_time_that_passed_unused_is_not_made_up_for(
    host: Host, monkeypatch: pytest.MonkeyPatch, walls: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The machine slept: at nine in the morning nobody expects a cutover."""
    plan_at(host, datetime.now(UTC) - timedelta(hours=6))
    assert migrate(monkeypatch, "--planned", host.run.id) == ExitCode.PROBLEM
    assert host.state is RunState.POSTPONED and host.double.running == frozenset()
    assert "could not begin within 15 min" in walls() and f"omnimind rollback --run {host.run.id}" in walls()
    capfd.readouterr()
    omnimind(monkeypatch, "runs")
    assert "was missed; nothing was stopped" in text_of(capfd)
    assert any("is left out" in entry.event.text for entry in host.journal.events(host.run.id))


@pytest.mark.parametrize("state", [RunState.ROLLED_BACK, RunState.CONFIRMED, RunState.RUNNING])
def test_a_timer_that_was_left_over_does_nothing(host: Host, monkeypatch: pytest.MonkeyPatch, state: RunState) -> None:
    plan_at(host, datetime.now(UTC))
    host.journal.state(host.run.id, state)
    assert migrate(monkeypatch, "--planned", host.run.id) == 0
    assert host.state is state and not unit(host, "timer").exists()


def test_a_later_time_replaces_the_first(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_at(host, datetime.now(UTC) + SOON)
    assert migrate(monkeypatch, "--planned", host.run.id) == 0
    assert host.state is RunState.POSTPONED and unit(host, "timer").exists()


def test_a_rollback_cancels_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_at(host, datetime.now(UTC) + SOON)
    assert omnimind(monkeypatch, "rollback", "--yes") == 0
    assert host.state is RunState.ROLLED_BACK and not unit(host, "timer").exists()


def test_the_same_command_without_a_time_does_it_now(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_at(host, datetime.now(UTC) + SOON)
    asking(monkeypatch, refuse)
    assert migrate(monkeypatch, "--yes") == ExitCode.ROLLED_BACK
    assert "systemctl disable --now" in host.double.calls


def test_a_copy_that_takes_too_long_plans_nothing(host: Host) -> None:
    with pytest.raises(Problem, match="the time has passed; nothing was stopped"):
        planned.plan(host.run, datetime.now(UTC), (), host.journal, host.paths, lambda event: None)
    assert not unit(host, "timer").exists()


def test_the_timers_command_is_the_persons_without_the_time() -> None:
    argv = ("migrate", "--at", "03:00", "--from-docker", "--at=04:00", "--json", "--yes", "--config", "a b")
    assert planned.words_of(argv) == ("migrate", "--from-docker", "--yes", "--config", "a b")


SOURCE = Source("p", tuple(IDS.values()), (IDS["backend"],), (IDS["redis"],), (6379,), (), None, None)
REDIS = RedisSource(IDS["redis"], "127.0.0.1", 6379, "", "rdb", "same version")


def test_containers_that_were_recreated_are_not_those_of_the_plan() -> None:
    begun = plan(replace(SOURCE, redis=REDIS), Goal(), 10)
    ask_again.refuse_changed(begun, plan(replace(SOURCE, redis=REDIS), Goal(), 20))
    for other in (replace(REDIS, port=6380), replace(REDIS, save_first=True), None):
        with pytest.raises(Problem, match="not those of the plan any more.*Redis' data"):
            ask_again.refuse_changed(begun, plan(replace(SOURCE, redis=other), Goal(), 10))
    with pytest.raises(Problem, match="stop the containers that write"):
        ask_again.refuse_changed(begun, plan(replace(SOURCE, redis=REDIS, writers=("f" * 64,)), Goal(), 10))


def test_nothing_stops_before_everything_was_asked_again() -> None:
    order = [step.id for step in plan(SOURCE, Goal(), 10).steps if step.phase == "cutover"]
    assert order[0] == "ask-again"


def test_what_is_copied_and_installed_needs_no_space_again(tmp_path: Path) -> None:
    """Otherwise a disk that is large enough for one copy would refuse every cutover."""
    target, old = tmp_path / "new" / "uploads", tmp_path / "old"
    for folder, size in ((old, 3_000_000), (tmp_path / "new" / "uploads.incoming", 2_000_000)):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(os.urandom(size))
    goal = Goal(uploads=str(target), qdrant_home=str(tmp_path / "qdrant"))
    source = replace(SOURCE, uploads=(str(old),))
    needs = Needs({goal.qdrant_home: 0, goal.uploads: 3_000_000, "/usr": 290_000_000}, (3000, 5432), "/opt/venv")
    left = ask_again.remaining(Discovery(None, None, source, goal), needs)  # type: ignore[arg-type]
    assert 900_000 < left.space[goal.uploads] <= 1_000_000
    assert (set(left.space), left.ports, left.venv) == ({goal.qdrant_home, goal.uploads}, (3000,), "")
