"""What can be watched: /system, the telemetry of a real WebSocket client, /metrics; and how little a worker weighs."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.services import ROOT

from .cluster import Cluster


def telemetry(core: Cluster, token: str, worker: int = 0) -> connect:
    return connect(f"ws://127.0.0.1:{core.ports[worker]}/ws/telemetry", additional_headers={"Authorization": f"Bearer {token}"}, proxy=None)


def test_system_tells_machine_engine_and_services(core: Cluster) -> None:
    with core.logged_in("reader") as client:
        said = client.get("/system").json()
    assert said["host"]["cores"] >= 1 and said["host"]["memory_total"] > said["host"]["memory_available"] > 0
    assert said["engine"]["device"] == "cpu" and said["gpu"] is None
    assert {"postgres", "redis", "qdrant", "engine"} <= said["services"].keys()


def test_a_listener_hears_every_second_what_system_tells(core: Cluster) -> None:
    with telemetry(core, core.token("reader")) as socket:
        first, second = (json.loads(socket.recv(timeout=10)) for _ in range(2))
    assert 0.5 < second["at"] - first["at"] < 5
    assert first["host"]["cores"] == second["host"]["cores"]


def test_many_listeners_cost_the_stores_one_look(core: Cluster) -> None:
    token = core.token("reader")
    with ExitStack() as opened:
        sockets = [opened.enter_context(telemetry(core, token)) for _ in range(8)]
        for one in sockets:
            one.recv(timeout=10)
        before = core.engine.asked
        heard = [json.loads(one.recv(timeout=10))["at"] for one in sockets]
        assert max(heard) - min(heard) < 3
        assert core.engine.asked - before <= 6, "one sampler for all sockets of a worker"


def test_a_session_that_ends_takes_its_sockets_along(core: Cluster) -> None:
    with core.another(OMNIMIND_TELEMETRY_SECONDS="0.1") as worker:
        person, password = core.user("reader")
        with core.client(worker) as browser:
            browser.post("/auth/login", json={"name": person["name"], "password": password}).raise_for_status()
            cookie = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
            with connect(f"ws://127.0.0.1:{core.ports[worker]}/ws/telemetry", additional_headers={"Cookie": cookie}, proxy=None) as socket:
                socket.recv(timeout=10)
                browser.post("/auth/logout").raise_for_status()
                with pytest.raises(ConnectionClosed) as closed:
                    while True:
                        socket.recv(timeout=20)
    assert closed.value.rcvd and closed.value.rcvd.code == 1008


def test_metrics_count_requests_by_route_and_need_no_login(core: Cluster) -> None:
    with core.client() as client:
        for _ in range(3):
            client.get("/health/live")
        said = client.get("/metrics")
    assert said.headers["content-type"].startswith("text/plain")
    assert 'route="/health/live"' in said.text
    assert "password" not in said.text


def test_a_worker_starts_without_what_is_heavy() -> None:
    heavy = ("torch", "openvino", "qiskit", "qiskit_aer", "numpy", "qdrant_client", "sqlalchemy", "alembic", "transformers", "tokenizers")
    script = f"import sys; import backend.main, backend.server; print(sorted(set({heavy!r}) & sys.modules.keys()))"
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_used_worker_stays_small(core: Cluster) -> None:
    with core.logged_in() as client:
        for path in ("/system", "/users", "/tokens", "/health/", "/metrics", "/openapi.json"):
            for _ in range(20):
                assert client.get(path).status_code == 200
    status = Path(f"/proc/{core.workers[0].pid}/status").read_text()
    rss = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024
    assert rss <= 120, f"{rss:.0f} MB"
    assert not any(name in Path(f"/proc/{core.workers[0].pid}/maps").read_text() for name in ("libtorch", "openvino", "qiskit"))
