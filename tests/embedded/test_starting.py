"""The order of a start, and how it ends when something fails: a scripted manager, no processes."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.flows import port_check
from omnimind_ops.flows.restart import batches
from omnimind_ops.flows.startup.items import Task
from omnimind_ops.flows.startup.services import ATTEMPTS, GOOD_ANSWERS, ServiceStarter
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.event import Event, StepChanged
from omnimind_ops.model.health import Outcome
from omnimind_ops.model.native import FRONTEND
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.system import System
from omnimind_ops.model.world import Mode, World
from omnimind_ops.runner.interrupt import Stop
from tests.embedded.system import free_ports


@dataclass
class Scripted:
    """A manager whose processes do as told: `fate` is what becomes of one that is started."""

    fate: dict[str, ProcessState] = field(default_factory=dict)
    now: dict[str, ProcessState] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def start(self, names: Sequence[str]) -> None:
        self.asked += names
        for name in names:
            self.now[name] = self.fate.get(name, ProcessState(name, "running", 42))

    def states(self, names: Sequence[str]) -> dict[str, ProcessState]:
        return {name: self.now.get(name, ProcessState(name, "stopped")) for name in names}

    def logs(self, name: str, lines: int = 50, since: float | None = None) -> Iterator[str]:
        yield f"last words of {name}"

    def stop(self, names: Sequence[str]) -> None: ...
    def restart(self, names: Sequence[str]) -> None: ...
    def kill(self, name: str) -> None: ...
    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        yield from ()


def service(
    name: str, *after: str, kind: Kind = Kind.REDIS, processes: tuple[str, ...] = (), seconds: int = 60
) -> Service:
    """One service with one process of its name, unless told otherwise."""
    return Service(name, kind, True, seconds, after, processes or (name,))


STORE, OTHER, BACKEND = (
    service("store"),
    service("other"),
    service("backend", "store", "other", kind=Kind.BACKEND, processes=("one", "two")),
)


def start(
    manager: Scripted,
    answers: dict[str, list[bool]],
    *services: Service,
    tasks: tuple[Task, ...] = (),
    waits: dict[str, tuple[str, ...]] | None = None,
) -> tuple[ServiceStarter, list[Event]]:
    """A start whose services give these answers in turn, the last one for ever; good unless told otherwise."""
    turns = {name: itertools.chain(given, itertools.repeat(given[-1])) for name, given in answers.items()}
    events: list[Event] = []

    def probe(item: Service) -> Outcome:
        is_good = next(turns[item.name]) if item.name in turns else True
        return Outcome(is_good, why="" if is_good else "not yet")

    return ServiceStarter(manager, services, tasks, waits or {}, probe, events.append, Stop()), events


def test_service_waits_for_all_that_it_comes_after_and_for_its_tasks() -> None:
    manager, done = Scripted(), []

    def act() -> bool:
        done.append(list(manager.asked))
        return True

    entry, _ = start(
        manager,
        {},
        STORE,
        OTHER,
        BACKEND,
        tasks=(Task("schema", "Schema", act, ("store",)),),
        waits={"backend": ("schema",)},
    )
    entry.run()
    assert set(manager.asked[:2]) == {"store", "other"}
    assert manager.asked[2:] == ["one", "two"]
    assert done == [["store", "other"]]
    assert all(item.problem is None for item in entry.items.values())
    assert entry.items["backend"].changed


def test_what_runs_already_is_not_started_again_and_counts_as_no_change() -> None:
    manager = Scripted(now={"store": ProcessState("store", "running", 7)})
    item, _ = start(manager, {}, STORE)
    item.run()
    assert manager.asked == []
    assert not item.items["store"].changed


def test_only_the_missing_worker_is_started() -> None:
    manager = Scripted(now={"one": ProcessState("one", "running", 7)})
    item, _ = start(manager, {}, replace(BACKEND, after=()))
    item.run()
    assert manager.asked == ["two"]


def test_backend_needs_good_answers_in_a_row() -> None:
    asked = 0

    def probe(_: Service) -> Outcome:
        nonlocal asked
        asked += 1
        return Outcome(asked != GOOD_ANSWERS, why="a hiccup")

    service_starter = ServiceStarter(Scripted(), (replace(BACKEND, after=()),), (), {}, probe, lambda _: None, Stop())
    service_starter.run()
    assert asked == 2 * GOOD_ANSWERS


def test_process_that_ends_again_and_again_is_given_up_long_before_the_time_out() -> None:
    manager = Scripted(fate={"store": ProcessState("store", "backoff", restarts=ATTEMPTS, detail="ended with 3")})
    item, _ = start(manager, {}, STORE, OTHER, BACKEND)
    item.run()
    problem = item.items["store"].problem
    assert problem
    assert problem.log == ("last words of store",)
    assert "ended with 3" in problem.why
    assert item.items["other"].ready is not None, "who does not need it is started all the same"
    assert "it needs store, which failed" in str(item.items["backend"].problem)
    assert "one" not in manager.asked


def test_service_that_needs_one_which_was_given_up_is_not_waited_for() -> None:
    engine = service("engine", kind=Kind.ENGINE)
    manager = Scripted(fate={"engine": ProcessState("engine", "backoff", restarts=ATTEMPTS, detail="ended with 3")})
    item, result = start(
        manager, {"backend": [False]}, engine, replace(BACKEND, after=(), needs=("engine",), start_seconds=3600)
    )
    item.run()
    assert "it needs engine, which failed" in str(item.items["backend"].problem)
    assert [event.status for event in result if event.step == "backend" and isinstance(event, StepChanged)][
        -1
    ] == "failed"


def test_program_that_says_it_cannot_be_started_is_not_tried_again() -> None:
    manager = Scripted(
        fate={"store": ProcessState("store", "backoff", restarts=1, detail="Bad exit code 78", code=os.EX_CONFIG)}
    )
    item, _ = start(manager, {}, replace(STORE, start_seconds=3600))
    item.run()
    assert "reports a configuration error" in str(item.items["store"].problem)


def test_service_that_never_answers_ends_with_its_time_and_what_it_said() -> None:
    item, _ = start(Scripted(), {"store": [False]}, replace(STORE, start_seconds=0))
    item.run()
    assert "not ready after 0 s: " in str(item.items["store"].problem)


def test_failed_task_keeps_what_needs_it_from_starting() -> None:
    def act() -> bool:
        raise Problem("cannot make the tables", "no", "do")

    manager = Scripted()
    item, result = start(manager, {}, STORE, tasks=(Task("schema", "Schema", act),), waits={"store": ("schema",)})
    item.run()
    assert manager.asked == []
    assert [event.status for event in result if event.step == "store" and isinstance(event, StepChanged)] == ["failed"]


def test_interruption_tells_what_runs_and_waits_for_no_one_but_its_own_tasks() -> None:
    stop, ended = Stop(), []

    def probe(item: Service) -> Outcome:
        if item.name == "other":
            stop.by = "SIGINT"
            return Outcome(False, why="not yet")
        return Outcome(True)

    def act() -> bool:
        ended.append(True)
        return True

    service_starter = ServiceStarter(
        Scripted(), (STORE, OTHER, BACKEND), (Task("cluster", "Cluster", act),), {}, probe, lambda _: None, stop
    )
    with pytest.raises(Problem) as caught:
        service_starter.run()
    assert caught.value.code is ExitCode.INTERRUPTED
    assert "ready: store; starting: other; not started: backend" in caught.value.why
    assert ended == [True]


def test_backends_are_restarted_worker_by_worker_across_all_ports() -> None:
    backends = [service(f"backend-{port}", kind=Kind.BACKEND, processes=(f"{port}-1", f"{port}-2")) for port in (1, 2)]
    result = batches([STORE, *backends, service("frontend", kind=Kind.FRONTEND)])
    assert [item.processes for item in result] == [("store",), ("1-1", "2-1"), ("1-2", "2-2"), ("frontend",)]


def native(port: int) -> World:
    """A host with units of ours, whose page is on this port and nothing else anywhere."""
    folder, other = Path("/nonexistent"), free_ports(6)
    return World(
        Mode.NATIVE,
        System(
            backend_ports=(other[0], other[1], other[2]),
            workers=1,
            frontend_port=port,
            redis_port=other[3],
            postgres_port=other[4],
            qdrant_port=other[5],
        ),
        folder,
        folder,
        folder,
        folder,
        folder,
    )


def test_port_that_a_stranger_has_is_told_with_its_holder_before_systemd_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(Problem) as refused:
            port_check.check(native(port), Scripted())
        assert refused.value.why.startswith(f"port {port}: held by ")
        assert f"(pid {os.getpid()}" in refused.value.why
        assert "--free-ports" not in refused.value.fix


def test_port_that_our_own_socket_unit_has_is_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        running = {name: ProcessState(name, "running", 1) for name in FRONTEND[:1]}
        port_check.check(native(ours.getsockname()[1]), Scripted(now=running))
