"""The wait for the native services after the cutover, and the watch over their units."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.event import Event, Warning
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ProveNotes
from omnimind_ops.model.payloads import ProvePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps import prove, unit_watch
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.steps.unit_watch import Failure, UnitWatch

REDIS, SECOND = "redis-server.service", "omnimind-8000@2.service"
PROBES: dict[str, Callable[[], str | None]] = {
    "postgresql": lambda: None,
    "backend:8000": lambda: "waits for redis",
    "redis": lambda: "connection refused",
    "frontend": lambda: "no backend answers",
}


State = Mapping[str, str]


def unit(id: str, active: str = "active", sub: str = "running", result: str = "success", restarts: int = 0) -> State:
    return {"Id": id, "ActiveState": active, "SubState": sub, "Result": result, "NRestarts": str(restarts)}


def failed(id: str, restarts: int = 0) -> State:
    return unit(id, "failed", "failed", "exit-code", restarts)


def waits(id: str, restarts: int) -> State:
    """A unit that failed and that systemd is about to start again."""
    return unit(id, "activating", "auto-restart", "exit-code", restarts)


def proving(
    monkeypatch: pytest.MonkeyPatch,
    *states: Mapping[str, str],
    seconds: float,
    probes: Mapping[str, Callable[[], str | None]] = PROBES,
    events: list[Event] | None = None,
) -> Problem:
    monkeypatch.setattr(prove, "native", lambda goal, credentials: probes)
    reported = [] if events is None else events
    step = ProveStep(
        Goal(),
        lambda: Credentials("", "", ""),
        seconds,
        lambda goal, services: None,
        lambda units: states,
        lambda unit: (f"the last line of {unit}",),
    )
    with pytest.raises(Problem) as caught:
        step.do(Task("prove", ProvePayload()), Memo(MemoryNotes(), "prove", ProveNotes), reported.append)
    return caught.value


@pytest.mark.timeout(60)
def test_a_unit_that_failed_ends_the_wait_for_those_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis failed within 30 s, and the migration blamed a backend after 300 s."""
    problem = proving(monkeypatch, failed(REDIS), seconds=3600)
    assert problem.what == "cannot start redis-server"
    assert problem.why == "redis-server.service has failed (exit-code)"
    assert problem.fix == "read its log: journalctl -u redis-server -b"
    assert problem.log == (f"the last line of {REDIS}",)


@pytest.mark.timeout(60)
def test_a_second_worker_that_failed_is_noticed_though_the_port_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proving(monkeypatch, failed(SECOND), seconds=3600).what == "cannot start omnimind-8000@2"


@pytest.mark.timeout(60)
def test_a_unit_that_is_started_again_and_again_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd gives up only after 20 failures."""
    problem = proving(monkeypatch, waits(REDIS, 2), seconds=3600)
    assert problem.why == "redis-server.service has failed 3 times (exit-code)"


@pytest.mark.timeout(60)
def test_a_probe_that_hangs_does_not_hide_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hangs() -> str | None:
        answered.wait()
        return None

    try:
        assert proving(monkeypatch, failed(REDIS), seconds=3600, probes={"redis": hangs}).what
    finally:
        answered.set()


@pytest.mark.timeout(60)
def test_the_first_failure_is_told_with_the_units_own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    proving(monkeypatch, waits(SECOND, 0), failed(REDIS), seconds=3600, events=events)
    reported = [event.text for event in events if isinstance(event, Warning)]
    assert f"{SECOND} has failed (exit-code); its log:\nthe last line of {SECOND}" in reported


def test_services_that_stay_silent_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = proving(monkeypatch, unit(REDIS), seconds=0.2)
    assert problem.what == "cannot start backend:8000, redis, frontend"
    assert problem.why == "backend:8000: it did not answer within 0.2 s: waits for redis"


@dataclass
class Units:
    """Units as systemd would show them."""

    states: tuple[Mapping[str, str], ...] = ()
    told: list[Event] = field(default_factory=list)

    def watch(self) -> UnitWatch:
        return UnitWatch((REDIS,), self.told.append, "step", lambda units: self.states, lambda unit: ("a line",))


def test_each_failure_is_told_once() -> None:
    units = Units((waits(REDIS, 0),))
    watch = units.watch()
    assert watch.look() is None and watch.look() is None and len(units.told) == 1
    units.states = (unit(REDIS, restarts=1),)
    assert watch.look() is None and len(units.told) == 1
    units.states = (waits(REDIS, 1),)
    assert watch.look() is None and len(units.told) == 2
    units.states = (waits(REDIS, 2),)
    assert watch.look() == Failure(REDIS, "exit-code", 3, is_final=True) and len(units.told) == 3


def test_failures_from_before_the_watch_do_not_count() -> None:
    units = Units((failed(REDIS, restarts=20),))
    watch = units.watch()
    watch.begin()
    assert watch.look() is None and not units.told
    units.states = (unit(REDIS, "activating", "start"),)
    assert watch.look() is None
    units.states = (failed(REDIS),)
    failure = watch.look()
    assert failure and failure.is_final and len(units.told) == 1


def test_every_unit_of_a_cutover_is_watched() -> None:
    units = unit_watch.watched(Goal())
    assert {REDIS, SECOND, "qdrant.service", "omnimind-guard.service", "postgresql@*.service"} <= set(units)
