"""Rows 12 to 14, and the engine: all remaining processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from benchmarks.faults.cluster import Cluster
from benchmarks.faults.load import Load
from benchmarks.faults.rows import AFTER, BEFORE, IMPORT, Row

SLOW = 60.0
"""Seconds that PostgreSQL does not respond in row 14."""


def frontend_killed(cluster: Cluster, rounds: int) -> Row:
    """Row 12: the frontend dies."""
    row = Row("12", "the frontend dies", "kill -9", 3.0 + IMPORT / 2)
    for _ in range(rounds):
        row.add(cluster.seconds_until_replaced("frontend", cluster.signal("frontend", signal.SIGKILL), 30))
    return row


def engine_killed(cluster: Cluster, rounds: int) -> Row:
    """Row e: the engine dies during searches, which embed their query.

    Callers must get an answer or 503, and soon answers again.
    """
    row, port = Row("e", "the engine dies", "kill -9 under searches", 30.0), cluster.world.system.backend_ports[0]
    for _ in range(rounds):
        with Load(port, "/search?q=fault", rate=20) as load:
            time.sleep(BEFORE)
            row.add(
                cluster.seconds_until_replaced("engine", cluster.signal("engine", signal.SIGKILL), 60)
                + cluster.seconds_until_healthy("engine", 60)
            )
            time.sleep(AFTER)
        refused = [failure for failure in load.failures if " 503 " not in f"{failure} "]
        row.lost, row.requests = row.lost + len(refused), row.requests + load.count
        row.notes += [f"{len(load.failures) - len(refused)} answers were 503", *refused[:2]]
    return row


def guard_hit(cluster: Cluster, rounds: int) -> Row:
    """Row 13: the guard is killed, then frozen."""
    row = Row("13", "the guard dies or freezes", "kill -9, SIGSTOP", 30.0)
    for _ in range(rounds):
        row.add(cluster.seconds_until_replaced("guard", cluster.signal("guard", signal.SIGKILL), 60))
    row.add(cluster.seconds_until_replaced("guard", cluster.signal("guard", signal.SIGSTOP), 60))
    return row


def slow_dependency(cluster: Cluster, _rounds: int) -> Row:
    """Row 14: PostgreSQL is frozen for a minute.

    Nothing may be restarted, and all services must recover soon by themselves.
    """
    row = Row("14", "a slow dependency", f"SIGSTOP postgres {SLOW:.0f} s", 20.0)
    before, actions = cluster.pids(), cluster.recovery_actions()
    pid = cluster.signal_all("postgres", signal.SIGSTOP)
    try:
        time.sleep(SLOW)
        victims = sum(service.root == "postgres" for service in cluster.health().services)
    finally:
        cluster.signal_all("postgres", signal.SIGCONT)
    port = cluster.world.system.backend_ports[0]
    row.add(cluster.seconds_until_healthy("postgres", 60) + cluster.seconds_until_healthy(f"backend-{port}", 60))
    after = cluster.pids()
    changed = [name for name, old in before.items() if after[name] != old]
    row.lost = len(changed) + cluster.recovery_actions() - actions
    row.notes.append(
        f"{victims} services waited for it; restarted: {', '.join(changed) or 'nothing'}; postgres is "
        + ("the same process" if after[cluster.process("postgres")] == pid else "a new process")
    )
    return row


ROWS: tuple[Callable[[Cluster, int], Row], ...] = (frontend_killed, engine_killed, guard_hit, slow_dependency)
