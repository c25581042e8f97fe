"""What is broken is mended, and what only waits for it is not touched."""

from __future__ import annotations

import json
import os
import signal
import time

from omnimind_ops.health.recovery_actions import ESCALATIONS
from omnimind_ops.model.health import State
from omnimind_ops.model.status import RunState, Status
from tests.embedded.guard.watched import Watched, ready
from tests.freezing import frozen
from tests.health_world import System


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
    assert [record.status for record in run.steps] == [Status.DONE, *[Status.TODO] * (len(ESCALATIONS) - 1)]
    assert "restart the failing processes of engine (engine), attempt 1 of 5: cannot embed: HTTP 500" in guard.texts(
        run
    )
    assert "engine has recovered" in guard.texts(run)
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


def test_a_worker_that_cannot_use_a_store_that_works_is_restarted_alone(whole: System) -> None:
    """Neither the store nor the other worker."""
    names = [f"backend-{port}" for port in whole.world.system.backend_ports]
    guard = Watched(whole)
    guard.until(lambda report: all(ready(name)(report) for name in names))
    checks = {"redis": {"state": "down", "detail": "Too many open files"}}
    whole.fault(backend_2={"status": 503, "checks": checks})
    guard.until(lambda _: "kill" in " ".join(whole.manager.acts))
    whole.fault()
    guard.until(lambda report: report.state is State.READY)
    assert set(whole.manager.acts) <= {f"kill {name}-2" for name in names}


def test_a_worker_given_up_by_its_manager_is_started_once_more_and_then_left_alone(whole: System) -> None:
    """The ladder has an end: journal and health say it, and a mended service is looked after again."""
    name = f"backend-{whole.world.system.backend_ports[1]}"
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
    assert json.loads((whole.world.run / "health.json").read_text())["gave_up"][name].startswith(
        "5 restarts did not help"
    )
    acts = len(whole.manager.acts)
    guard.during(1.0)
    assert len(whole.manager.acts) == acts
    whole.fault()
    whole.manager.start([f"{name}-1", f"{name}-2"])  # a person mends it
    report = guard.until(lambda report: not report.of(name).gave_up)  # type: ignore[union-attr]
    reading = report.of(name)
    assert (
        reading and reading.state is State.DEGRADED and "times in 5 min" in reading.why
    )  # it works, and its past is not forgotten


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
