"""Rows 1 to 8: workers die, freeze, block or fail to start."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable

from benchmarks.faults.block import blocked
from benchmarks.faults.cluster import WATCHDOG, Cluster, seconds_until
from benchmarks.faults.load import Load
from benchmarks.faults.rows import AFTER, BEFORE, IMPORT, Row
from omnimind_ops.catalogue import Kind, services
from omnimind_ops.model.health import State


def _worker(cluster: Cluster, at: int = 0, number: int = 1) -> tuple[int, str]:
    port = cluster.world.system.backend_ports[at]
    return port, cluster.process(f"backend-{port}", number)


def killed_worker(cluster: Cluster, rounds: int) -> Row:
    """Row 1: one worker dies."""
    row = Row("1", "a worker dies", "kill -9", 2.0 + IMPORT)
    for _ in range(rounds):
        port, name = _worker(cluster)
        with Load(port) as load:
            time.sleep(BEFORE)
            old = cluster.signal(name, signal.SIGKILL)
            load.mark_fault()
            seconds = cluster.seconds_until_replaced(name, old, 30)
            time.sleep(AFTER)
        row.add(seconds, load)
    return row


def both_killed(cluster: Cluster, rounds: int) -> Row:
    """Row 2: both workers die. The figure is the longest wait of a request."""
    row = Row("2", "both workers die", "kill -9 both", 2.0 + IMPORT)
    for _ in range(rounds):
        port, first = _worker(cluster)
        second = _worker(cluster, number=2)[1]
        with Load(port, rate=30) as load:
            time.sleep(BEFORE)
            old = {name: cluster.signal(name, signal.SIGKILL) for name in (first, second)}
            load.mark_fault()
            for name, pid in old.items():
                cluster.seconds_until_replaced(name, pid, 30)
            time.sleep(AFTER)
        row.add(load.worst, load)
    return row


def frozen_worker(cluster: Cluster, rounds: int) -> Row:
    """Row 3: one worker is frozen."""
    row = Row("3", "a worker is frozen", "SIGSTOP", WATCHDOG + IMPORT)
    for _ in range(rounds):
        port, name = _worker(cluster)
        with Load(port) as load:
            time.sleep(BEFORE)
            old = cluster.signal(name, signal.SIGSTOP)
            load.mark_fault()
            seconds = cluster.seconds_until_replaced(name, old, 60)
            time.sleep(AFTER)
        row.add(seconds, load)
    return row


def blocked_worker(cluster: Cluster, rounds: int) -> Row:
    """Row 4: only the thread of the event loop is stopped."""
    row = Row("4", "an event loop is blocked", "ptrace on its thread", WATCHDOG + IMPORT)
    for _ in range(rounds):
        port, name = _worker(cluster)
        pid = cluster.pid(name)
        with Load(port) as load:
            time.sleep(BEFORE)
            try:
                with blocked(pid, 60):
                    load.mark_fault()
                    seconds = cluster.seconds_until_replaced(name, pid, 60)
            except PermissionError as error:
                row.notes.append(str(error))
                break
            time.sleep(AFTER)
        row.add(seconds, load)
    return row


def all_frozen(cluster: Cluster, rounds: int) -> Row:
    """Row 5: both workers are frozen. The figure is the longest wait of a request."""
    row = Row("5", "both workers are frozen", "SIGSTOP both", WATCHDOG + 1.0 + IMPORT)
    for _ in range(rounds):
        port, first = _worker(cluster)
        second = _worker(cluster, number=2)[1]
        with Load(port, rate=20) as load:
            time.sleep(BEFORE)
            old = {name: cluster.signal(name, signal.SIGSTOP) for name in (first, second)}
            load.mark_fault()
            for name, pid in old.items():
                cluster.seconds_until_replaced(name, pid, 60)
            time.sleep(AFTER)
        row.add(load.worst, load)
    return row


def rolling(cluster: Cluster, rounds: int) -> Row:
    """Row 6: at least 500 requests during restarts of all backends, one worker at a time.

    The figure is the longest wait.
    """
    from omnimind_ops.flows.restart import restart

    row = Row("6", "rolling restart", "omnimind restart backend", 2.0 + IMPORT)
    while row.requests < 500 or len(row.figures) < rounds:
        with Load(cluster.world.system.backend_ports[0], rate=80) as load:
            time.sleep(BEFORE)
            restart(cluster.world, ("backend",), lambda _event: None)
            time.sleep(AFTER)
        row.add(load.worst, load)
        row.notes += [f"{name}: {state.detail}" for name in names_of(cluster) if (state := cluster.state(name)).detail]
        if len(row.figures) > 10:
            break
    return row


def start_fails(cluster: Cluster, _rounds: int) -> Row:
    """Row 7: one worker's configuration is invalid. Health must report it, and the other worker must serve."""
    row = Row("7", "a worker's start fails", "an invalid setting", 60.0)
    port, name = _worker(cluster, at=1)
    cluster.set_environment(name, {"OMNIMIND_CHECK_SECONDS": "soon"})
    try:
        with Load(port) as load:
            time.sleep(BEFORE)
            cluster.signal(name, signal.SIGKILL)
            load.mark_fault()
            seconds = seconds_until(
                lambda: (
                    (service := cluster.health().of(f"backend-{port}")) is not None
                    and service.state is State.DEGRADED
                    and name in service.why
                ),
                90,
                0.2,
            )
        row.add(seconds, load)
    finally:
        cluster.set_environment(name, {"OMNIMIND_CHECK_SECONDS": None})
        _repair(cluster, name)
    return row


def crash_loop(cluster: Cluster, _rounds: int) -> Row:
    """Row 8: a whole backend crashes at each start. Health must report it as down, and no other process may restart."""
    row = Row("8", "a backend crashes in a loop", "an invalid setting", 60.0)
    port = cluster.world.system.backend_ports[1]
    names = [_worker(cluster, 1, number)[1] for number in (1, 2)]
    other_pids = {name: pid for name, pid in cluster.pids().items() if name not in names}
    for name in names:
        cluster.set_environment(name, {"OMNIMIND_CHECK_SECONDS": "soon"})
    try:
        with Load(cluster.world.system.backend_ports[0]) as load:
            for name in names:
                cluster.signal(name, signal.SIGKILL)
            seconds = seconds_until(
                lambda: (service := cluster.health().of(f"backend-{port}")) is not None and service.state is State.DOWN,
                90,
                0.2,
            )
        row.add(seconds, load)
        row.lost += sum(pid != other_pids[name] for name, pid in cluster.pids().items() if name in other_pids)
    finally:
        for name in names:
            cluster.set_environment(name, {"OMNIMIND_CHECK_SECONDS": None})
        _repair(cluster, *names)
    return row


def _repair(cluster: Cluster, *names: str) -> None:
    with contextlib.suppress(Exception):
        cluster.manager.stop(names)
    cluster.manager.start(names)
    for name in names:
        seconds_until(lambda name=name: cluster.state(name).state == "running", 60)  # type: ignore[misc]
    seconds_until(lambda: all(service.alive for service in cluster.health().services), 30)


ROWS: tuple[Callable[[Cluster, int], Row], ...] = (
    killed_worker,
    both_killed,
    frozen_worker,
    blocked_worker,
    all_frozen,
    rolling,
    start_fails,
    crash_loop,
)


def names_of(cluster: Cluster) -> list[str]:
    """Return the names of all workers."""
    return [name for service in services(cluster.world) if service.kind is Kind.BACKEND for name in service.processes]
