"""The guard on a whole small system: real stores, real processes, real faults, the real journal. Only its patience is shortened."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from omnimind_ops.engine import lock
from omnimind_ops.engine.history import History
from omnimind_ops.engine.journal import Journal
from omnimind_ops.flows import recovery
from omnimind_ops.flows.guarding import Guard
from omnimind_ops.flows.health import Looker
from omnimind_ops.health import cache as caches
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.moves import LADDER, Act, Limits, Rung
from omnimind_ops.health.track import STRICT, Thresholds
from omnimind_ops.model.event import Event
from omnimind_ops.model.health import Report, State
from omnimind_ops.model.run import Run, RunState, Status
from tests.health_world import System, system
from tests.services import Services

QUICK = Limits(bad=3, over=0.5, silent=3.0, backoff=0.05, longest=0.2, steady=1.0, away=30.0)
SECONDS = 0.5  # that a probe may take here


@pytest.fixture(scope="module")
def whole(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for this file."""
    with system(stores, tmp_path_factory.mktemp("om"), "guard") as found:
        yield found


@pytest.fixture(autouse=True)
def mended(whole: System) -> Iterator[None]:
    """Everything well, no journal, nothing remembered."""
    whole.fault()
    whole.manager.start(list(whole.manager.children))
    for file in (*whole.world.state.glob("journal.db*"), whole.world.run / "health.json"):
        file.unlink(missing_ok=True)
    (whole.world.run / "health.json").touch()
    end = time.monotonic() + 30
    while (found := check(whole.world, whole.manager, Cache(STRICT), seconds=2.0)).state is not State.READY:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    whole.manager.acts.clear()
    yield
    whole.fault()


class Look(Looker):
    """A looker whose probes take half a second at most."""

    def look(self) -> Report:
        return check(self.world, self.manager, self.cache, seconds=SECONDS)


class Watched:
    """A guard that is ticked by hand, and what it said."""

    def __init__(self, whole: System, **settings: object) -> None:
        self.events: list[Event] = []
        world = whole.with_settings(**settings)
        self.whole, self.guard = whole, Guard(Look(world, whole.manager, caches.load(world.run / "health.json", Thresholds())), self.events.append, QUICK)
        self.guard.looker.cache.ttl = 0
        self.guard.resume()

    def until(self, good: Callable[[Report], bool], seconds: float = 30) -> Report:
        """Tick until it is as wanted."""
        end = time.monotonic() + seconds
        while not good(report := self.guard.tick()):
            assert time.monotonic() < end, (report, self.events)
            time.sleep(0.05)
        return report

    def during(self, seconds: float) -> None:
        """Tick for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.guard.tick()
            time.sleep(0.05)

    @property
    def said(self) -> str:
        return "\n".join(event.text for event in self.events)

    @property
    def runs(self) -> tuple[Run, ...]:
        return History(self.whole.world.journal).runs()

    def texts(self, run: Run) -> str:
        return "\n".join(one.event.text for one in History(self.whole.world.journal).events(run.id))


def ready(name: str) -> Callable[[Report], bool]:
    return lambda report: (one := report.of(name)) is not None and one.state is State.READY and not one.bad


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    assert pid > 1
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_an_engine_that_cannot_embed_is_replaced_and_the_journal_says_why(whole: System) -> None:
    """The first rung: its process is killed, its manager brings it back."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    guard.until(lambda _: "kill engine" in whole.manager.acts)
    whole.fault()
    guard.until(lambda _: bool(guard.runs) and guard.runs[0].state is RunState.FINISHED)
    run = guard.runs[0]
    assert (run.plan.name, run.setup["service"]) == ("recover", "engine")
    assert "cannot embed: HTTP 500" in str(run.setup["reason"])
    assert [record.status for record in run.steps] == [Status.DONE, *[Status.TODO] * (len(LADDER) - 1)]
    assert "restart what is sick of engine (engine), attempt 1 of 5: cannot embed: HTTP 500" in guard.texts(run)
    assert "engine is well again" in guard.texts(run)
    assert whole.manager.acts == ["kill engine"]


def test_a_frozen_engine_is_replaced(whole: System) -> None:
    """It would not listen to anything but SIGKILL."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    pid = whole.manager.signal("engine", signal.SIGSTOP)
    guard.until(lambda report: ready("engine")(report) and report.of("engine").processes[0].pid != pid)  # type: ignore[union-attr]
    assert whole.manager.acts == ["kill engine"]


def test_a_frozen_store_makes_victims_and_no_restarts(whole: System) -> None:
    """PostgreSQL stopped for a while: slow, not broken; it recovers alone, and nothing that waits for it is touched."""
    guard = Watched(whole)
    guard.until(ready("postgres"))
    whole.fault(backend={"status": 503, "checks": {"postgres": {"state": "down", "detail": "no answer within 2 s"}}})
    with frozen(whole.stores.postgres.pid):
        guard.during(2.0)
    whole.fault()
    guard.until(lambda report: report.state is State.READY)
    assert whole.manager.acts == []
    assert guard.runs == ()


def test_a_store_that_stays_frozen_is_restarted_and_its_victims_are_not(whole: System) -> None:
    """Patience has an end; the cause is mended, the rest recovers by itself."""
    guard = Watched(whole)
    guard.until(ready("redis"))
    whole.fault(backend={"status": 503, "checks": {"redis": {"state": "down", "detail": "no answer within 2 s"}}})
    os.kill(whole.stores.redis.pid, signal.SIGSTOP)
    guard.until(lambda _: "start redis" in whole.manager.acts)
    whole.fault()
    guard.until(lambda report: report.state is State.READY)
    assert whole.manager.acts == ["stop redis", "start redis"]


def test_nothing_is_done_while_somebody_else_changes_the_system(whole: System) -> None:
    """A migration, an `up`: it says so once, and acts when the lock is free."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    held, free = threading.Event(), threading.Event()

    def migrate() -> None:
        with lock.held(whole.world.lock, "alice", "migrate"):
            held.set()
            free.wait(30)

    other = threading.Thread(target=migrate)
    other.start()
    held.wait(10)
    try:
        guard.during(2.0)
        assert whole.manager.acts == []
        assert guard.runs == ()
        assert guard.said.count("does not restart engine now: alice has been at it since") == 1
    finally:
        free.set()
        other.join()
    guard.until(lambda _: "kill engine" in whole.manager.acts)


def test_what_a_person_stopped_is_left_alone(whole: System) -> None:
    """However long."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.manager.person_stops("engine")
    guard.during(2.0)
    assert whole.manager.acts == ["stop engine"] or whole.manager.acts == []
    assert guard.runs == ()


def test_told_only_to_observe_it_says_once_what_it_would_do(whole: System) -> None:
    """settings.auto_recovery = false."""
    guard = Watched(whole, auto_recovery=False)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    guard.during(2.0)
    assert whole.manager.acts == []
    assert guard.said.count("would restart engine, but auto_recovery is off: cannot embed: HTTP 500") == 1


def test_a_worker_given_up_by_its_manager_is_started_once_more_and_then_left_alone(whole: System) -> None:
    """The ladder has an end: journal and health say it, and a mended service is looked after again."""
    name = f"backend-{whole.world.ports.backends[1]}"
    guard = Watched(whole)
    guard.until(ready(name))
    whole.fault(backend={"dies": True})
    for child in (whole.manager.children[f"{name}-1"], whole.manager.children[f"{name}-2"]):
        end = time.monotonic() + 20
        while not child.gave_up:
            assert time.monotonic() < end
            if child.running:
                child.running.kill()
            time.sleep(0.05)
    report = guard.until(lambda report: bool(report.of(name).gave_up), 60)  # type: ignore[union-attr]
    assert report.of(name).gave_up.startswith("5 restarts did not help")  # type: ignore[union-attr]
    run = guard.runs[0]
    assert (run.state, [record.status for record in run.steps]) == (RunState.FAILED, [Status.DONE] * 5)
    assert json.loads((whole.world.run / "health.json").read_text())["gave_up"][name].startswith("5 restarts did not help")
    acts = len(whole.manager.acts)
    guard.during(1.0)
    assert len(whole.manager.acts) == acts
    whole.fault()
    whole.manager.start([f"{name}-1", f"{name}-2"])  # a person mends it
    report = guard.until(lambda report: not report.of(name).gave_up)  # type: ignore[union-attr]
    reading = report.of(name)
    assert reading and reading.state is State.DEGRADED and "times in 5 min" in reading.why  # it works, and its past is not forgotten


def test_a_guard_that_was_killed_between_stop_and_start_is_continued_by_the_next_one(whole: System) -> None:
    """Else the service would stay stopped, and look as if a person had stopped it."""
    first = Watched(whole)
    act = Act("frontend", Rung.UNIT, ("frontend",), 2, "does not serve the page")
    record = recovery.Record(whole.world, first.events.append)
    record.doing(act)
    whole.manager.person_stops("frontend")  # as stop() leaves it
    second = Watched(whole)
    assert "starts frontend: the guard ended while it restarted them" in second.said
    second.until(ready("frontend"))
    second.until(lambda _: second.runs[0].state is RunState.FINISHED)


def test_a_guard_that_is_stopped_in_good_order_leaves_nothing_open(whole: System) -> None:
    """Who does that has taken over: the next guard begins anew."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    guard.until(lambda _: "kill engine" in whole.manager.acts)
    guard.guard.looker.cache.gave_up["frontend"] = "5 restarts did not help"
    guard.guard.end()
    assert [run.state for run in guard.runs] == [RunState.FINISHED]
    assert Watched(whole).guard.memory.cases == {}


def test_what_was_given_up_stays_given_up_for_the_next_guard(whole: System) -> None:
    """A guard that is restarted again and again must not begin again and again."""
    first = Watched(whole)
    first.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    first.guard.looker.cache.gave_up["engine"] = "5 restarts did not help"
    first.until(lambda report: report.of("engine").bad > 0)  # type: ignore[union-attr]
    second = Watched(whole)
    second.during(2.0)
    assert whole.manager.acts == []


def test_a_full_disk_stops_no_recovery(whole: System) -> None:
    """The journal cannot be written; the engine is replaced all the same, and the log says that it is not written down."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.world.journal.mkdir()  # as unusable as it gets
    try:
        whole.fault(engine={"embed_status": 500})
        guard.until(lambda _: "kill engine" in whole.manager.acts)
        whole.fault()
        guard.until(ready("engine"))
        assert "attempt 1 of 5" in guard.said
    finally:
        whole.world.journal.rmdir()


def test_recoveries_are_no_migrations(whole: System) -> None:
    """`rollback` and `finish` pick the newest migration: a recovery after it must not hide it."""
    from omnimind_ops.flows import pick
    from omnimind_ops.model.plan import Plan

    with Journal(whole.world.journal) as journal:
        wanted = journal.create(Plan("migrate", ()), {})
        journal.create(recovery.plan("engine"), {"service": "engine", "reason": "x"})
    assert pick.migration(History(whole.world.journal), "").id == wanted.id
