"""A run that a power failure cuts off is completed at the next boot, forward or back.

The journal, the plan, the runner and the handlers of the containers are real; `docker` and `systemctl` are doubles on
PATH.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omnimind_ops.flows import confirm, migrate, resume, rollback
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.direction import Direction, direction
from omnimind_ops.steps import boot
from tests.migrated import IDS, Host, migrated, names


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits."""
    return migrated(tmp_path, monkeypatch)


def is_armed(host: Host) -> bool:
    """Whether the next boot would complete the run: the unit is there, and its target wants it."""
    unit = boot.unit_path(host.paths)
    link = unit.parent / "multi-user.target.wants" / unit.name
    assert unit.exists() == link.exists()
    return unit.exists()


def cut_at(host: Host, step: str, state: RunState = RunState.RUNNING) -> None:
    """The journal of a run that ended in the middle of a step."""
    ids = [record.step.id for record in host.run.steps]
    host.journal.mark(host.run.id, step, Status.DOING)
    for later in ids[ids.index(step) + 1 :]:
        host.journal.mark(host.run.id, later, Status.TODO)
    host.journal.state(host.run.id, state)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("install-packages", Direction.STAY),
        ("warm-qdrant", Direction.STAY),
        ("arm-timer", Direction.BACK),
        ("hold-containers", Direction.BACK),
        ("stop-writers", Direction.BACK),
        ("read-qdrant", Direction.BACK),
        ("stop-data", Direction.FORWARD),
        ("final-qdrant", Direction.FORWARD),
        ("activate-units", Direction.FORWARD),
        ("verify", Direction.FORWARD),
    ],
)
def test_a_cut_migration_goes_on_once_the_old_stores_were_read(host: Host, step: str, expected: Direction) -> None:
    cut_at(host, step)
    assert direction(host.journal.run(host.run.id)) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RunState.ROLLING_BACK, Direction.BACK),
        (RunState.FAILED, Direction.BACK),
        *((state, Direction.STAY) for state in sorted(set(RunState) - {"running", "rolling back", "failed"})),
    ],
)
def test_a_state_in_which_a_side_is_whole_stays(host: Host, state: RunState, expected: Direction) -> None:
    host.journal.state(host.run.id, state)
    assert direction(host.journal.run(host.run.id)) is expected


def resumed(host: Host, **options: bool) -> RunState:
    """What the unit does at boot."""
    run = host.journal.run(host.run.id)
    return resume.resume(run, host.journal, host.paths, lambda event: None, **options).state


@pytest.mark.parametrize("step", ["activate-units", "final-qdrant", "stop-data", "hold-containers"])
def test_a_rollback_of_the_timer_that_was_cut_off_is_completed(host: Host, step: str) -> None:
    """Killed in the undo of a step: later steps are undone, earlier ones are not yet."""
    ids = [record.step.id for record in host.run.steps]
    for later in ids[ids.index(step) + 1 :]:
        host.journal.mark(host.run.id, later, Status.UNDONE)
    host.journal.mark(host.run.id, step, Status.UNDOING)
    host.journal.state(host.run.id, RunState.ROLLING_BACK)
    for undone in ("stop-data", "stop-writers") if step == "hold-containers" else ():
        assert host.journal.run(host.run.id).record(undone)
    if step == "hold-containers":  # the containers were started before
        host.double.set(containers=[{**c, "State": {"Running": True}} for c in host.double.state["containers"]])
    assert resumed(host) is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)
    assert not is_armed(host)


def test_a_rollback_is_armed_before_it_changes_anything(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    observed: list[bool] = []
    undo = rollback.undo

    def killed(*arguments: object, check_undo: Callable[..., None], **more: object) -> None:
        check_undo(host.run)
        observed.append(is_armed(host))
        raise KeyboardInterrupt

    monkeypatch.setattr(rollback, "undo", killed)
    with pytest.raises(KeyboardInterrupt):
        host.rollback()
    assert observed == [True] and is_armed(host)
    monkeypatch.setattr(rollback, "undo", undo)
    assert host.rollback() is RunState.ROLLED_BACK
    assert not is_armed(host)


def test_a_refused_rollback_arms_nothing(host: Host) -> None:
    host.double.remove(*names(*IDS))
    with pytest.raises(Problem):
        host.rollback()
    assert not is_armed(host)


@pytest.mark.parametrize(("yes", "end"), [(True, RunState.CONFIRMED), (False, RunState.UNCONFIRMED)])
def test_a_migration_is_armed_until_it_is_confirmed(host: Host, yes: bool, end: RunState) -> None:
    host.journal.state(host.run.id, RunState.RUNNING)
    run = host.journal.run(host.run.id)
    outcome = migrate.apply(run, host.journal, host.paths, lambda event: None, yes=yes, bench=False)
    assert outcome.state is end
    assert is_armed(host) is not yes
    confirm.confirm(outcome.run, host.journal, host.paths)
    assert not is_armed(host)


@pytest.mark.parametrize(("yes", "end"), [(True, RunState.CONFIRMED), (False, RunState.UNCONFIRMED)])
def test_a_cut_migration_is_completed_as_it_was_asked_for(host: Host, yes: bool, end: RunState) -> None:
    """All steps are done; the state was not written."""
    host.journal.state(host.run.id, RunState.RUNNING)
    boot.arm(host.paths, host.run.id, Path("/usr/bin/omnimind"), lambda event: None, yes=yes)
    output = boot.unit_path(host.paths).read_text()
    assert f"ExecStart=/usr/bin/omnimind resume --run {host.run.id}{' --yes' if yes else ''}\n" in output
    assert resumed(host, yes=yes) is end


def test_a_unit_that_finds_nothing_to_complete_removes_itself(host: Host) -> None:
    host.journal.state(host.run.id, RunState.CONFIRMED)
    boot.arm(host.paths, host.run.id, Path("/usr/bin/omnimind"), lambda event: None)
    assert resumed(host) is RunState.CONFIRMED
    assert not is_armed(host) and host.double.calls == ()
