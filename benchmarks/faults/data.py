"""Rows 9 to 11: a store dies under writes.

Every acknowledged write must survive; for Redis, all except those of the last moment.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import psycopg
import redis

from benchmarks.faults.cluster import Cluster, seconds_until
from benchmarks.faults.load import Load
from benchmarks.faults.rows import Row

BEFORE, AFTER = 1.5, 0.5
FROZEN = 8.0
PATIENCE = 90.0
"""Seconds that the guard tolerates a silent store (health/recovery_actions.py)."""
FSYNC = 1.0
"""Seconds of writes that Redis may lose with appendfsync everysec.

While a background fsync is busy, Redis postpones a write for longer ("2 s", counted in whole seconds: aof.c,
flushAppendOnlyFile). On a busy disk this row can therefore fail.
"""


@dataclass
class Writer:
    """Writes numbers one after the other, as fast as they are acknowledged, and continues after errors.

    `write` may raise anything.
    """

    write: Callable[[int], None]
    acknowledged: dict[int, float] = field(default_factory=dict)
    errors: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Stop the writer."""
        self._stopped.set()
        assert self._thread
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            try:
                self.write(number)
                self.acknowledged[number] = time.monotonic()
            except Exception:
                self.errors += 1
                self._stopped.wait(0.02)
            number += 1


def _killed(cluster: Cluster, row: Row, name: str, writer: Writer, rounds: int) -> None:
    writer.start()
    try:
        for _ in range(rounds):
            time.sleep(BEFORE)
            row.add(cluster.seconds_until_replaced(name, cluster.signal(name, signal.SIGKILL), 90))
            row.figures[-1] += cluster.seconds_until_healthy(name, 60)
    finally:
        time.sleep(AFTER)
        writer.stop()


def redis_killed(cluster: Cluster, rounds: int) -> Row:
    """Row 9, killed."""
    row, connection = (
        Row("9", "redis dies", "kill -9 under writes", 5.0),
        redis.Redis.from_url(cluster.world.redis_url, socket_timeout=5),
    )
    deaths: list[float] = []
    with connection:
        for _ in range(rounds):
            connection.delete("faults")
            writer = Writer(lambda number: connection.hset("faults", str(number), "1") and None)
            writer.start()
            time.sleep(BEFORE + FSYNC)
            old = cluster.signal("redis", signal.SIGKILL)
            died = time.monotonic()
            writer.stop()
            row.add(cluster.seconds_until_replaced("redis", old, 60) + cluster.seconds_until_healthy("redis", 60))
            stored = {int(key) for key in connection.hkeys("faults")}
            deaths.append(
                max(
                    (died - at for number, at in writer.acknowledged.items() if number not in stored and at <= died),
                    default=0.0,
                )
            )
            row.requests += len(writer.acknowledged)
        connection.delete("faults")
    row.lost = sum(age > FSYNC + 0.5 for age in deaths)
    row.notes.append(f"oldest lost write {max(deaths):.2f} s before the kill (everysec promises 1 s)")
    return row


def redis_frozen(cluster: Cluster, rounds: int) -> Row:
    """Row 9, frozen for a while: the API returns 503 and does not crash."""
    row = Row("9b", "redis is frozen for 8 s", "SIGSTOP, SIGCONT", 5.0)
    port, before = cluster.world.system.backend_ports[0], cluster.pids()
    for _ in range(rounds):
        cluster.signal("redis", signal.SIGSTOP)
        try:
            with Load(port, "/health/ready", rate=2) as load:
                time.sleep(FROZEN)
        finally:
            cluster.signal("redis", signal.SIGCONT)
        row.add(cluster.seconds_until_healthy(f"backend-{port}", 60))
        row.requests += load.count
        row.lost += sum(" 503 " not in f"{failure} " for failure in load.failures)
        row.notes += [failure for failure in load.failures if " 503 " not in f"{failure} "][:1]
    row.lost += sum(cluster.pids()[name] != pid for name, pid in before.items())
    return row


def frozen_for_good(cluster: Cluster, _rounds: int) -> Row:
    """Row 9, frozen for good: the guard restarts the silent store after its time limit, and nothing else."""
    row, before = Row("9c", "redis is frozen for good", "SIGSTOP", PATIENCE + 40.0), cluster.pids()
    row.add(
        cluster.seconds_until_replaced("redis", cluster.signal("redis", signal.SIGSTOP), 2 * PATIENCE)
        + cluster.seconds_until_healthy("redis", 60)
    )
    row.lost = sum(cluster.pids()[name] != pid for name, pid in before.items() if name != cluster.process("redis"))
    return row


def postgres_killed(cluster: Cluster, rounds: int) -> Row:
    """Row 10: the postmaster dies during a loop of commits."""
    row, connections = (
        Row("10", "postgres dies", "kill -9 under commits", 15.0),
        list[psycopg.Connection[tuple[object, ...]]](),
    )

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        if not connections or connections[-1].closed:
            connections.append(psycopg.connect(cluster.world.postgres_dsn, autocommit=True, connect_timeout=3))
        return connections[-1]

    connect().execute("CREATE TABLE IF NOT EXISTS faults (number bigint PRIMARY KEY)")
    writer = Writer(lambda number: connect().execute("INSERT INTO faults VALUES (%s)", (number,)) and None)
    _killed(cluster, row, "postgres", writer, rounds)
    stored = {number for (number,) in connect().execute("SELECT number FROM faults").fetchall()}
    row.lost, row.requests = len(set(writer.acknowledged) - stored), len(writer.acknowledged)
    connect().execute("DROP TABLE faults")
    for connection in connections:
        connection.close()
    return row


def qdrant_killed(cluster: Cluster, rounds: int) -> Row:
    """Row 11: Qdrant dies during upserts that wait for completion."""
    row, world = Row("11", "qdrant dies", "kill -9 under upserts", 20.0), cluster.world
    with httpx.Client(base_url=world.qdrant_url, headers={"api-key": world.qdrant_key}, timeout=10) as http:
        http.put("/collections/faults", json={"vectors": {"size": 4, "distance": "Dot"}}).raise_for_status()

        def write(number: int) -> None:
            point = {"id": number, "vector": [1.0, 0.0, 0.0, float(number % 7)], "payload": {"number": number}}
            http.put("/collections/faults/points?wait=true", json={"points": [point]}).raise_for_status()

        writer = Writer(write)
        _killed(cluster, row, "qdrant", writer, rounds)
        seconds_until(lambda: http.get("/collections/faults").status_code == 200, 30)
        stored: set[int] = set()
        offset: int | None = 0
        while offset is not None:
            page = http.post(
                "/collections/faults/points/scroll", json={"limit": 1000, "offset": offset, "with_payload": False}
            ).json()["result"]
            stored |= {point["id"] for point in page["points"]}
            offset = page["next_page_offset"]
        http.delete("/collections/faults")
    row.lost, row.requests = len(set(writer.acknowledged) - stored), len(writer.acknowledged)
    return row


ROWS: tuple[Callable[[Cluster, int], Row], ...] = (
    redis_killed,
    redis_frozen,
    frozen_for_good,
    postgres_killed,
    qdrant_killed,
)
