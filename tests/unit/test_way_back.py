"""Undo has a preflight of its own: what the old side has lost is known before anything native is touched.

The journal, the plan, the runner and every handler are real; `docker` and `systemctl` are doubles on PATH.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.flows import confirm, finish, migrate, way_back
from omnimind_ops.model.event import Warning
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.observe import docker
from tests.engine_double import container
from tests.migrated import IDS, VOLUME, Host, migrated, names


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits."""
    return migrated(tmp_path, monkeypatch)


def test_a_whole_old_side_comes_back(host: Host) -> None:
    assert host.rollback() is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)
    assert any(call.startswith("systemctl stop") for call in host.double.calls)


def down(host: Host) -> None:
    host.double.remove(*names(*IDS))


def prune(host: Host) -> None:
    down(host)
    host.double.set(volumes=[])


def dockerd_stopped(host: Host) -> None:
    host.double.set(answers=False)


def one_removed(host: Host) -> None:
    host.double.remove(*names("redis"))


def volume_gone(host: Host) -> None:
    host.double.set(volumes=[])


def folder_gone(host: Host) -> None:
    host.bind.rmdir()


def empty_redis(host: Host) -> None:
    one_removed(host)
    host.create("redis", "7" * 64, [("volume", "f" * 64, "/data")])
    host.double.set(volumes=[VOLUME, "f" * 64])


LOST = [
    (down, "its container qqqqqqqqqqqq was removed"),
    (prune, "its container qqqqqqqqqqqq was removed"),
    (dockerd_stopped, "no Docker engine answers"),
    (one_removed, "omnimind_redis_1: its container"),
    (volume_gone, f"its volume {VOLUME} is gone"),
    (folder_gone, "data/qdrant is gone"),
    (empty_redis, f"with volume {'f' * 64} at /data instead of volume {VOLUME}"),
]


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize(("lose", "why"), LOST, ids=[row[0].__name__ for row in LOST])
def test_what_cannot_come_back_leaves_the_native_side_running(
    host: Host, lose: Callable[[Host], None], why: str, confirmed: bool
) -> None:
    """Nothing is stopped, nothing is recorded, and what is possible is said."""
    lose(host)
    if confirmed:
        confirm.confirm(host.run, host.journal, host.paths)
    before = host.state
    with pytest.raises(Problem) as caught:
        host.rollback()
    problem = caught.value
    assert host.double.calls == ()
    assert (host.state, set(host.statuses)) == (before, {Status.DONE})
    assert why in problem.why and "the native services keep running" in problem.why
    assert ("omnimind confirm" in problem.fix) is not confirmed and "omnimind finish" in problem.fix
    assert problem.code is ExitCode.NO_WAY_BACK


@pytest.mark.parametrize("lose", [row[0] for row in LOST])
def test_after_that_the_run_can_be_confirmed_and_the_native_side_kept(host: Host, lose: Callable[[Host], None]) -> None:
    lose(host)
    with pytest.raises(Problem):
        host.rollback()
    assert confirm.confirm(host.journal.run(host.run.id), host.journal, host.paths).state is RunState.CONFIRMED


@pytest.mark.parametrize(
    ("lose", "mend"),
    [
        (dockerd_stopped, lambda host: host.double.set(answers=True)),
        (volume_gone, lambda host: host.double.set(volumes=[VOLUME])),
        (folder_gone, lambda host: host.bind.mkdir()),
    ],
)
def test_once_the_cause_is_gone_the_same_command_rolls_back(
    host: Host, lose: Callable[[Host], None], mend: Callable[[Host], None]
) -> None:
    lose(host)
    with pytest.raises(Problem):
        host.rollback()
    mend(host)
    assert host.rollback() is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)


def test_containers_made_again_with_the_same_data_are_started_in_place_of_the_old_ones(host: Host) -> None:
    told: list[str] = []
    down(host)
    for number, name in enumerate(IDS):
        host.create(name, str(number) * 64)
    done = host.rollback(lambda event: told.append(event.text) if isinstance(event, Warning) else None)
    assert done is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)
    assert all(c["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped" for c in host.double.state["containers"])
    assert any("omnimind_redis_1: it was created again as 111111111111" in text for text in told)
    logged = [entry.event.text for entry in host.journal.events(host.run.id)]
    assert "started container 111111111111 in place of rrrrrrrrrrrr" in logged


def test_a_renamed_container_comes_back_and_its_new_name_is_told(host: Host) -> None:
    told: list[str] = []
    host.double.remove(*names("redis"))
    host.double.add(container(IDS["redis"], "cache", "redis", host.mounts("redis")))
    assert host.rollback(lambda event: told.append(event.text)) is RunState.ROLLED_BACK
    assert "cache" in host.double.running
    assert any("omnimind_redis_1: it is called cache now" in text for text in told)


def test_a_container_of_another_project_stands_for_none_of_ours(host: Host) -> None:
    one_removed(host)
    host.double.add(container("7" * 64, "other_redis_1", "redis", host.mounts("redis"), project="other"))
    with pytest.raises(Problem, match="cannot return"):
        host.rollback()


def test_anyway_starts_what_is_left(host: Host) -> None:
    one_removed(host)
    assert host.rollback(anyway=True) is RunState.ROLLED_BACK
    assert host.double.running == names("qdrant", "backend", "frontend")


def test_where_the_native_side_does_not_serve_all_that_is_left_is_started(host: Host) -> None:
    """Killed before the native services were started: refusing would leave both sides dead."""
    for step in ("activate-units", "prove", "verify"):
        host.journal.mark(host.run.id, step, Status.TODO)
    host.journal.state(host.run.id, RunState.RUNNING)
    one_removed(host)
    with pytest.raises(Problem, match="cannot undo 1 step") as caught:
        host.rollback()
    assert "docker compose up --no-start" in caught.value.fix and "docker logs" not in caught.value.fix
    assert (host.state, host.double.running) == (RunState.FAILED, names("qdrant", "backend", "frontend"))
    host.create("redis", "7" * 64)
    assert host.rollback() is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)


def test_a_run_that_failed_can_be_left_although_a_container_stays_gone(host: Host) -> None:
    """The state in which 0.2 left such a run: native taken away, one container not started."""
    for record in host.run.steps:
        host.journal.mark(host.run.id, record.step.id, Status.UNDONE)
    host.journal.mark(host.run.id, "stop-data", Status.UNDOING)
    host.journal.state(host.run.id, RunState.FAILED)
    one_removed(host)
    with pytest.raises(Problem) as caught:
        host.rollback()
    assert "--anyway" in caught.value.fix
    assert host.rollback(anyway=True) is RunState.ROLLED_BACK
    assert "omnimind_qdrant_1" in host.double.running


@pytest.mark.parametrize("held", [(), ("verify",), ("verify", "prove")])
def test_an_undo_that_was_cut_off_before_it_took_anything_away_can_be_confirmed(
    host: Host, held: tuple[str, ...]
) -> None:
    for step in held:
        host.journal.mark(host.run.id, step, Status.HELD)
    host.journal.state(host.run.id, RunState.ROLLING_BACK)
    run = host.journal.run(host.run.id)
    assert confirm.confirm(run, host.journal, host.paths).state is RunState.CONFIRMED


def test_an_undo_that_took_the_native_side_away_cannot_be_confirmed(host: Host) -> None:
    host.journal.mark(host.run.id, "activate-units", Status.UNDONE)
    host.journal.state(host.run.id, RunState.FAILED)
    with pytest.raises(Problem, match="cannot confirm"):
        confirm.confirm(host.journal.run(host.run.id), host.journal, host.paths)


def test_a_migration_that_fails_at_its_end_is_not_undone_into_nothing(host: Host) -> None:
    """`verify` fails, and the containers are gone meanwhile: the native side stays, and the run can go on."""
    host.journal.mark(host.run.id, "verify", Status.TODO)
    host.journal.state(host.run.id, RunState.RUNNING)
    down(host)
    outcome = migrate.apply(
        host.journal.run(host.run.id), host.journal, host.paths, lambda event: None, yes=True, bench=False
    )
    with pytest.raises(Problem) as caught:
        outcome.check()
    assert caught.value.code is ExitCode.NO_WAY_BACK
    assert "Nothing was rolled back" in caught.value.why and "was removed" in caught.value.why
    assert host.double.calls == ()
    assert host.state is RunState.RUNNING
    assert [status for status in host.statuses if status is not Status.DONE] == [Status.FAILED]


def test_a_run_of_a_version_that_noted_no_mounts_is_not_guessed(host: Host) -> None:
    one_removed(host)
    host.create("redis", "7" * 64)
    setup = {key: value for key, value in host.run.setup.items() if key != "containers"}
    old = [
        {key: value for key, value in one.items() if key != "mounts"}  # type: ignore[union-attr]
        for one in host.run.setup["containers"]  # type: ignore[union-attr]
    ]
    with pytest.raises(Problem, match="does not know what was mounted"):
        way_back.WayBack(lambda event: None).check(replace(host.run, setup={**setup, "containers": old}))


def test_finish_is_refused_while_docker_does_not_answer(host: Host) -> None:
    """It said FINISHED and had removed nothing."""
    run = confirm.confirm(host.run, host.journal, host.paths)
    dockerd_stopped(host)
    with pytest.raises(Problem, match="cannot finish"):
        left = finish.leftovers(run, host.paths)
        finish.finish(run, left, host.journal, host.paths, lambda event: None)
    assert host.state is RunState.CONFIRMED
    host.double.set(answers=True)
    left = finish.leftovers(run, host.paths)
    assert finish.finish(run, left, host.journal, host.paths, lambda event: None).state is RunState.FINISHED
    assert host.double.state["containers"] == []


def test_a_migration_that_fails_while_docker_is_down_is_left_to_go_on_or_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing could be started: undoing would only take away what a later try needs."""
    monkeypatch.setattr(migrate, "RESTART_SECONDS", 0)
    for step in ("activate-units", "prove", "verify"):
        host.journal.mark(host.run.id, step, Status.TODO)
    host.journal.mark(host.run.id, "stop-data", Status.DOING)
    host.journal.state(host.run.id, RunState.RUNNING)
    dockerd_stopped(host)
    run = host.journal.run(host.run.id)
    outcome = migrate.apply(run, host.journal, host.paths, lambda event: None, yes=True, bench=False)
    with pytest.raises(Problem, match="no Docker engine answers"):
        outcome.check()
    assert (host.state, host.double.calls) == (RunState.RUNNING, ())
    host.double.set(answers=True)
    assert host.rollback() is RunState.ROLLED_BACK
    assert host.double.running == names(*IDS)


def test_a_dockerd_that_is_being_restarted_is_waited_for(host: Host) -> None:
    dockerd_stopped(host)
    back = threading.Timer(0.5, lambda: host.double.set(answers=True))
    back.start()
    way_back.WayBack(lambda event: None, wait=60).check(host.run)
    back.join()


def test_a_step_that_needs_a_container_that_was_removed_says_so(host: Host) -> None:
    one_removed(host)
    with pytest.raises(Problem, match="it was removed") as caught:
        docker.container_now(IDS["redis"])
    assert "omnimind migrate --from-docker" in caught.value.fix
