"""What a running embedded system survives, and how it is restarted: real processes, killed, frozen, stopped, under
load.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from omnimind_ops import managers
from tests.embedded.system import System, wait
from tests.embedded.test_up import world_of

WATCHDOG = 8.0


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """One system that is up; its watchdog bites soon."""
    item = System(environment={"OMNIMIND_WATCHDOG_SECONDS": str(WATCHDOG)})
    try:
        item.up()
        yield item
    finally:
        item.close()


@dataclass
class Load:
    """What came of the requests."""

    good: int = 0
    bad: list[str] = field(default_factory=list)
    worst: float = 0.0


@contextmanager
def load(system: System, callers: int = 4) -> Iterator[Load]:
    """Ask all backends again and again, each time with a new connection, for as long as the block runs."""
    result, stop, lock = Load(), threading.Event(), threading.Lock()

    def ask(number: int) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                answer = httpx.get(f"http://127.0.0.1:{system.backends[number % 3]}/health/live", timeout=60)
                outcome = "" if answer.status_code == 200 else f"HTTP {answer.status_code}"
            except httpx.HTTPError as error:
                outcome = repr(error)
            with lock:
                result.good, result.worst = result.good + (not outcome), max(result.worst, time.monotonic() - began)
                result.bad += [outcome] if outcome else []
            time.sleep(0.005)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield result
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_rolling_restart_fails_no_request(system: System) -> None:
    before = {port: system.pids(f"backend-{port}") for port in system.backends}
    with load(system) as outcome:
        time.sleep(0.5)
        result = system.run("restart", "backend", "--json").ok().result
        time.sleep(0.5)
    assert outcome.bad == []
    assert outcome.good > 50
    assert len(result["restarted"]) == 6
    for port, pids in before.items():
        assert not set(pids) & set(system.pids(f"backend-{port}"))


def test_both_workers_of_a_port_killed_at_once_refuse_nobody(system: System) -> None:
    port = system.backends[0]
    before = system.pids(f"backend-{port}")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    answers = [httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=60) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    wait(
        "both workers",
        lambda: all(process["state"] == "running" for process in system.service(f"backend-{port}")["processes"]),
    )
    assert [process["restarts"] for process in system.service(f"backend-{port}")["processes"]] == [1, 1]


def test_frozen_worker_is_replaced_by_the_watchdog(system: System) -> None:
    name = f"backend-{system.backends[1]}"
    frozen, other = system.pids(name)
    os.kill(frozen, signal.SIGSTOP)
    took = wait("a new worker", lambda: system.pids(name)[0] not in (0, None, frozen), WATCHDOG + 60)
    assert took >= WATCHDOG / 2, "it was given its time"
    assert system.pids(name)[1] == other
    assert "watchdog" in system.service(name)["processes"][0]["detail"]


def test_killed_engine_keeps_its_socket_and_comes_back(system: System) -> None:
    (pid,) = system.pids("engine")
    os.kill(pid, signal.SIGKILL)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(system.state / "run/engine.sock"))) as client:
        assert client.get("http://engine/health", timeout=60).status_code == 200
    assert system.pids("engine") != [pid]


def test_killed_stores_come_back(system: System) -> None:
    for name in ("postgres", "redis", "qdrant"):
        (pid,) = system.pids(name)
        os.kill(pid, signal.SIGKILL)
    for name in ("postgres", "redis", "qdrant"):
        wait(
            name,
            lambda name=name: (
                system.service(name)["processes"][0]["restarts"] >= 1 and system.service(name)["state"] == "running"
            ),
        )
    wait("health", lambda: system.run("health").code == 0, 90)


def test_service_that_a_person_stopped_stays_so_until_up(system: System) -> None:
    manager = managers.of(world_of(system))
    manager.stop(["frontend"])
    item = manager.states(["frontend"])["frontend"]
    assert (item.state, item.by_person, item.pid) == ("stopped", True, 0)
    assert system.run("status").code == 2
    assert system.up()["changes"] == 1
    assert manager.states(["frontend"])["frontend"].state == "running"


def test_settings_of_a_running_system_are_not_changed_under_it(system: System) -> None:
    other = System(home=system.home, ports=[port + 1 for port in system.ports], environment=system.environment)
    result = other.run("up", "--json").ok()
    assert any(
        "the ports in the settings differ" in event["text"] for event in result.events if event["kind"] == "warning"
    )
    assert result.result["ports"]["backends"] == system.backends


def test_down_needs_no_supervisor_that_answers(system: System) -> None:
    os.kill(system.supervisor(), signal.SIGSTOP)
    result = system.run("down", "--json").ok().result
    assert result["leftover"] > 0
    assert not system.processes()
