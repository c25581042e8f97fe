"""After an undo every container is as it was noted, whatever became of the engine meanwhile: on a real engine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from omnimind_ops.model.event import Event
from omnimind_ops.model.notes import ContainersNotes
from omnimind_ops.model.payloads import Act, ContainersPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.containers import ContainersStep
from tests.engine import FOREVER, POLITE, Engine, call, inspected, own_engine, policy, running

RESTARTS = ("--restart", "unless-stopped")


@dataclass
class Migration:
    """The steps of a migration that touch containers, with their notes."""

    engine: Engine
    ids: tuple[str, ...] = ()
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    told: list[Event] = field(default_factory=list)

    def task(self, act: Act) -> tuple[Task[ContainersPayload], Memo[ContainersNotes]]:
        name = {Act.NOTE: "note-containers", Act.HOLD: "hold-containers", Act.STOP: "stop-data"}[act]
        return Task(name, ContainersPayload(act, self.ids)), Memo(self.notes, name, ContainersNotes)

    def do(self, *acts: Act) -> None:
        for act in acts:
            ContainersStep(stay=0.5, seconds=5).do(*self.task(act), self.told.append)

    def undo(self, *acts: Act) -> None:
        """Undo these, newest first."""
        for act in acts:
            ContainersStep(stay=0.5, seconds=5).undo(*self.task(act), self.told.append)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as monkeypatch, own_engine(monkeypatch) as own:
        yield own


@pytest.fixture
def migration(engine: Engine) -> Iterator[Migration]:
    """Two containers, one with a restart policy and one without."""
    ids = engine.run("stays", *POLITE, options=RESTARTS), engine.run("plain", *POLITE)
    yield Migration(engine, ids)
    if engine.process and engine.process.poll() is not None:
        engine.start()
    call("rm", "-f", *call("ps", "-aq").split())


def as_before() -> bool:
    return running("stays") and running("plain") and (policy("stays"), policy("plain")) == ("unless-stopped", "no")


@pytest.mark.parametrize("end", ["restart", "kill"])
@pytest.mark.parametrize("done", [(Act.NOTE,), (Act.NOTE, Act.HOLD), (Act.NOTE, Act.HOLD, Act.STOP)], ids=len)
def test_the_engine_ends_between_two_steps(migration: Migration, done: tuple[Act, ...], end: str) -> None:
    migration.do(*done)
    if end == "kill":
        migration.engine.kill()
        migration.engine.start()
    else:
        migration.engine.restart()
    migration.undo(*reversed(done))
    assert as_before()


def test_the_engine_ends_before_the_hold_and_the_migration_goes_on(migration: Migration) -> None:
    """Without a restart policy a container stays dead: the hold starts it again, so that its data can be read."""
    migration.do(Act.NOTE)
    migration.engine.restart()
    migration.do(Act.HOLD)
    assert running("stays") and running("plain") and policy("stays") == "no"
    migration.undo(Act.HOLD, Act.NOTE)
    assert as_before()


def test_the_engine_ends_between_the_hold_and_the_stop_and_both_are_found_dead(migration: Migration) -> None:
    migration.do(Act.NOTE, Act.HOLD)
    migration.engine.restart()
    migration.do(Act.STOP)
    migration.undo(Act.STOP, Act.HOLD, Act.NOTE)
    assert as_before()


def test_one_that_did_not_run_is_not_started(migration: Migration) -> None:
    call("stop", "plain")
    migration.do(Act.NOTE, Act.HOLD, Act.STOP)
    migration.undo(Act.STOP, Act.HOLD, Act.NOTE)
    assert running("stays") and not running("plain")


def test_a_cut_stop_does_not_kill_later_what_the_undo_has_started(
    migration: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker stop` goes on in the engine when omnimind is killed, and ends with SIGKILL."""
    monkeypatch.setattr("omnimind_ops.steps.containers.STOP_SECONDS", 3)
    migration.ids = (migration.engine.run("deaf", *FOREVER, options=RESTARTS),)
    migration.do(Act.NOTE, Act.HOLD)
    before = inspected("deaf", "{{.State.StartedAt}}")
    task, memo = migration.task(Act.STOP)
    with pytest.raises(KeyboardInterrupt):
        _cut_stop(monkeypatch, task, memo)
    assert running("deaf")
    migration.undo(Act.STOP, Act.HOLD, Act.NOTE)
    time.sleep(4)
    assert running("deaf") and inspected("deaf", "{{.State.StartedAt}}") != before
    assert inspected("deaf", "{{.RestartCount}}") == "0", "it died after the undo, and its restart policy saved it"


def _cut_stop(monkeypatch: pytest.MonkeyPatch, task: Task[ContainersPayload], memo: Memo[ContainersNotes]) -> None:
    from omnimind_ops.steps import stop_containers

    def killed(argv: tuple[str, ...], **_: object) -> None:
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as client:
            time.sleep(1)
            client.kill()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stop_containers, "run", killed)
        ContainersStep(stay=0.5, seconds=5).do(task, memo, lambda _: None)


def test_one_that_does_not_stay_is_named_and_the_others_run(
    migration: Migration,
) -> None:
    once = ("/bin/sh", "-c", f"[ -e /tmp/x ] && exit 3; : > /tmp/x; {POLITE[-1]}")
    migration.ids = (migration.engine.run("once", *once), *migration.ids)
    migration.do(Act.NOTE, Act.HOLD, Act.STOP)
    migration.undo(Act.STOP)
    with pytest.raises(Problem) as caught:
        migration.undo(Act.HOLD)
    assert "once" in caught.value.what and "stays" not in caught.value.what
    assert "docker logs once" in caught.value.fix
    assert as_before()


def test_health_is_waited_for(migration: Migration) -> None:
    check = ("--health-cmd", "/bin/sleep 0", "--health-interval", "1s", "--health-retries", "1")
    migration.ids = (migration.engine.run("healthy", *POLITE, options=(*RESTARTS, *check)),)
    health = "{{.State.Health.Status}}"
    while inspected("healthy", health) != "healthy":
        time.sleep(0.1)
    migration.do(Act.NOTE, Act.HOLD, Act.STOP)
    migration.undo(Act.STOP, Act.HOLD)
    assert inspected("healthy", health) == "healthy"
