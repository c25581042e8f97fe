"""Soak: mixed load on an embedded system while something of it is killed every few seconds.

What was acknowledged is there afterwards, and works.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import httpx
import psycopg

from benchmarks.faults.cluster import Cluster, cluster, seconds_until
from tests.campaigns.result import Campaign, Result, Trial
from tests.campaigns.soak_callers import Ledger, calling

SECONDS = float(os.environ.get("OMNIMIND_SOAK_SECONDS", "20"))
"""Of load in one trial."""
BETWEEN = (2.0, 6.0)
"""Seconds between two kills."""
SETTLED_SECONDS = 120.0
NAME = "soak"


@contextmanager
def opened() -> Iterator[Trial]:
    """One system for all trials, with a user who may write."""
    password = secrets.token_urlsafe(24)
    with cluster() as running:
        command = (sys.executable, "-m", "omnimind_ops", "user", "add", NAME, "--role", "admin", "--password-stdin")
        subprocess.run(command, input=f"{password}\n", text=True, check=True, capture_output=True, timeout=120)
        yield partial(trial, running, password)


def trial(running: Cluster, password: str, chance: random.Random) -> Result:
    """SECONDS of load and kills, then the reckoning."""
    ledger, killed = Ledger(), list[str]()
    ports = running.world.system.backend_ports
    with calling(ports, _login(ports[0], password), ledger, chance.getrandbits(32)):
        end = time.monotonic() + SECONDS
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, chance.uniform(*BETWEEN)))
            killed += _kill(running, chance)
    settled = seconds_until(
        lambda: all(service.alive and not service.bad for service in running.health().services), SETTLED_SECONDS, 0.2
    )
    detail = f"killed {', '.join(killed)}; {dict(ledger.answers)}"
    if settled == float("inf"):
        return Result("not all is well afterwards", True, detail)
    return _reckoned(running, password, ledger, detail)


def _kill(running: Cluster, chance: random.Random) -> list[str]:
    """SIGKILL one process that runs."""
    name = chance.choice(sorted(running.pids()))
    pid = running.pids()[name]
    if pid < 2:
        return []  # it is still on its way back
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return [name]


def _reckoned(running: Cluster, password: str, ledger: Ledger, detail: str) -> Result:
    """Compare what was acknowledged with what PostgreSQL holds, and with what the API shows of it."""
    with psycopg.connect(running.world.postgres_dsn) as link:
        ready = {str(item) for (item,) in link.execute("SELECT id FROM documents WHERE state = 'ready'").fetchall()}
    lost, undead = ledger.kept - ready, ledger.gone & ready
    cookie, port = _login(running.world.system.backend_ports[0], password), running.world.system.backend_ports[0]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"cookie": cookie}, timeout=60, trust_env=False
    ) as http:
        unread = {entry for entry in sorted(ledger.kept) if http.get(f"/documents/{entry}").status_code != 200}
    points = _without_points(running, ledger.kept)
    detail = f"{len(ledger.kept)} kept, {len(ledger.gone)} deleted; {detail}"
    if lost or unread or points:
        return Result(
            "acknowledged writes are lost",
            True,
            f"rows {sorted(lost)[:3]}, unread {sorted(unread)[:3]}, without points {points[:3]}; {detail}",
        )
    if undead:
        return Result("deleted documents are there again", True, f"{sorted(undead)[:3]}; {detail}")
    wrong = [
        answer
        for answer in ledger.answers
        if answer.rsplit(" ", 1)[1] not in ("200", "201", "202", "204", "404", "503", "answer")
    ]
    return (
        Result("answers that nobody should get", True, f"{wrong}; {detail}")
        if wrong
        else Result("all that was acknowledged is there", detail=detail)
    )


def _without_points(running: Cluster, kept: set[str]) -> list[str]:
    """Return the documents of which the vector store holds nothing."""
    world = running.world
    with httpx.Client(
        base_url=world.qdrant_url, headers={"api-key": world.qdrant_key}, timeout=60, trust_env=False
    ) as http:
        result = list[str]()
        for item in sorted(kept):
            filter_ = {"must": [{"key": "document_id", "match": {"value": item}}]}
            body = http.post(
                f"/collections/{world.system.collection}/points/count", json={"filter": filter_, "exact": True}
            ).json()
            result += [item] * (body["result"]["count"] == 0)
        return result


def _login(port: int, password: str) -> str:
    response = httpx.post(
        f"http://127.0.0.1:{port}/auth/login", json={"name": NAME, "password": password}, timeout=60, trust_env=False
    )
    response.raise_for_status()
    return response.headers["set-cookie"].split(";")[0]


CAMPAIGN = Campaign("soak", "load and a kill every few seconds; acknowledged writes lost are counted", opened, (0,))
