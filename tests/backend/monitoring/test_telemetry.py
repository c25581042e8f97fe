"""GET /system, /metrics and the telemetry WebSocket, with a WebSocket client as users have it."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.backend.cluster import COOKIE, HEALTHY, Cluster

GPU = {
    "name": "NVIDIA GeForce GTX 1650",
    "memory": 1_000_000_000,
    "memory_total": 4_294_967_296,
    "temperature": 61,
    "utilisation": 40,
}


@contextmanager
def listening(core: Cluster, worker: int = 0, **options: object) -> Iterator[ClientConnection]:
    token = core.token("reader")
    with connect(
        f"ws://127.0.0.1:{core.ports[worker]}/ws/telemetry",
        additional_headers={"authorization": f"Bearer {token}"},
        proxy=None,
        **options,
    ) as link:  # type: ignore[arg-type]
        yield link


def test_system_tells_of_machine_engine_services_and_versions(core: Cluster) -> None:
    core.engine.said = {
        **HEALTHY,
        "state": "degraded",
        "expected": "cuda",
        "gpu": GPU,
        "reason": "gpu expected but running on cpu",
    }
    try:
        time.sleep(1.05)
        with core.logged_in("reader") as client:
            body = client.get("/system").json()
    finally:
        core.engine.said = dict(HEALTHY)
        time.sleep(1.05)
    assert body["status"] == "degraded"
    assert body["gpu"] == GPU
    assert body["engine"]["reason"] == "gpu expected but running on cpu"
    assert body["host"]["memory_total"] > body["host"]["memory_available"] > 0
    assert body["worker"]["port"] == core.ports[0]
    assert body["worker"]["rss"] > 0
    assert {"omnimind", "python", "fastapi", "kernel"} <= body["versions"].keys()
    assert set(body["services"]) == {"postgres", "redis", "qdrant", "engine"}


def test_a_tick_comes_each_second_and_says_what_system_says(core: Cluster) -> None:
    with listening(core) as link:
        ticks = [json.loads(link.recv(timeout=10)) for _ in range(3)]
    assert [tick["status"] for tick in ticks] == ["ready"] * 3
    gaps = [later["at"] - earlier["at"] for earlier, later in zip(ticks, ticks[1:], strict=False)]
    assert all(0.5 < gap < 3 for gap in gaps)
    assert set(ticks[0]) == {"at", "status", "host", "worker", "gpu", "engine", "services"}


def test_all_listeners_of_a_worker_share_one_sampler_that_rests_when_they_are_gone(core: Cluster) -> None:
    with listening(core) as first:
        first.recv(timeout=10)
        with listening(core) as second, core.client() as client:
            both = [{json.loads(link.recv(timeout=10))["at"] for _ in range(3)} for link in (first, second)]
            assert len(both[0] & both[1]) >= 2
            assert "omnimind_telemetry_sockets{" in client.get("/metrics").text
            assert sockets(client.get("/metrics").text) == 2
    time.sleep(1.5)
    requested = core.engine.asked
    time.sleep(1.5)
    assert core.engine.asked == requested
    with core.client() as client:
        assert sockets(client.get("/metrics").text) == 0


def sockets(text: str) -> float:
    result = re.search(r"^omnimind_telemetry_sockets\{.*\} (\S+)$", text, re.MULTILINE)
    assert result
    return float(result[1])


def test_who_may_not_listen_any_more_is_shown_out(core: Cluster) -> None:
    user, password = core.user()
    with core.another(OMNIMIND_TELEMETRY_SECONDS="0.1") as worker, core.client(worker) as client:
        token = client.post("/auth/login", json={"name": user["name"], "password": password}).cookies[COOKIE]
        with connect(
            f"ws://127.0.0.1:{core.ports[worker]}/ws/telemetry",
            additional_headers={"cookie": f"{COOKIE}={token}"},
            proxy=None,
        ) as link:
            link.recv(timeout=10)
            client.post("/auth/logout", headers={"cookie": f"{COOKIE}={token}"})
            with pytest.raises(ConnectionClosed) as ended:
                while True:
                    link.recv(timeout=10)
        assert ended.value.rcvd and ended.value.rcvd.code == 1008


def test_what_a_listener_sends_is_ignored_and_too_much_at_once_ends_it(core: Cluster) -> None:
    with listening(core) as link:
        for word in ("hello", b"\x00" * 1000, "{"):
            link.send(word)
        assert json.loads(link.recv(timeout=10))["status"]
        with pytest.raises(ConnectionClosed) as ended:
            link.send(b"x" * 200_000)
            while True:
                link.recv(timeout=10)
        assert ended.value.rcvd and ended.value.rcvd.code == 1009


def test_a_listener_that_does_not_read_is_dropped_and_the_others_hear_on(core: Cluster) -> None:
    with core.another(OMNIMIND_TELEMETRY_SECONDS="0.001") as worker, core.client(worker) as client:
        token = core.token("reader")
        lines = [
            "GET /ws/telemetry HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Authorization: Bearer {token}",
            "",
            "",
        ]
        with socket.socket() as slow, listening(core, worker) as quick:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", core.ports[worker]))
            slow.sendall("\r\n".join(lines).encode())
            assert b" 101 " in slow.recv(100)
            end = time.monotonic() + 120
            while sockets(client.get("/metrics").text) != 1 and time.monotonic() < end:
                for _ in range(20):
                    quick.recv(timeout=10)
            assert sockets(client.get("/metrics").text) == 1
            assert json.loads(quick.recv(timeout=10))["status"] == "ready"


def test_a_worker_that_is_stopped_says_good_bye_to_its_listeners(core: Cluster) -> None:
    with core.another() as worker, listening(core, worker) as link:
        link.recv(timeout=10)
        process = core.workers[worker].running
        assert process
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                link.recv(timeout=10)
        assert ended.value.rcvd and ended.value.rcvd.code == 1012  # "service restart": come again
        process.wait(timeout=10)
        assert process.returncode in (0, -signal.SIGTERM)


def test_listening_goes_on_while_redis_is_away(core: Cluster) -> None:
    with core.another(OMNIMIND_TELEMETRY_SECONDS="0.1") as worker, listening(core, worker) as link:
        link.recv(timeout=10)
        core.stores.redis.stop(9)
        try:
            observed = set()
            end = time.monotonic() + 30
            while "down" not in observed and time.monotonic() < end:
                observed.add(json.loads(link.recv(timeout=10))["services"]["redis"]["state"])
            assert "down" in observed
            for _ in range(30):
                link.recv(timeout=10)
        finally:
            core.stores.redis.start()


def test_metrics_count_by_route_and_name_no_path_that_a_caller_invented(core: Cluster) -> None:
    with core.logged_in() as client:
        client.get("/users")
        client.patch("/users/00000000-0000-0000-0000-000000000000", json={})
        client.get("/invented-by-me")
        client.request("INVENTED", "/users")
        response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    text = response.text
    assert (
        f'omnimind_requests_total{{method="GET",port="{core.ports[0]}",route="/users",status="200",worker="1"}}' in text
    )
    assert 'route="/users/{user}",status="404"' in text
    assert "invented" not in text.lower()
    assert "omnimind_request_seconds_bucket" in text
    assert 'omnimind_postgres_pool{number="pool_size"' in text


def test_metrics_hold_no_more_series_after_a_thousand_unknown_paths(core: Cluster) -> None:
    with core.client() as client:
        client.get("/unknown/0")
        before = len(client.get("/metrics").text.splitlines())
        for number in range(200):
            client.get(f"/unknown/{number}")
        assert (
            len(client.get("/metrics").text.splitlines()) <= before + 40
        )  # the first scrape adds the series of /metrics itself
    assert threading.active_count() < 50
