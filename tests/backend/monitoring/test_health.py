"""The deep check: what it says, how often it asks, and that a frozen store freezes nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from backend.monitoring.readiness import DOWN_SECONDS
from tests.backend.cluster import HEALTHY, SETTLE_SECONDS, Cluster

FRESH = 1.05


@contextmanager
def frozen(core: Cluster, store: str) -> Iterator[None]:
    """Freeze it for the block."""
    core.freeze(store)
    try:
        yield
    finally:
        core.thaw(store)


@pytest.fixture
def fresh(core: Cluster) -> Iterator[Cluster]:
    """A cluster whose worker has forgotten what it knew, and whose engine is well before and after."""
    threading.Event().wait(FRESH)
    yield core
    core.engine.status, core.engine.said = 200, dict(HEALTHY)
    core.engine.silent.clear()


def test_all_well_is_ready_and_each_part_says_how_long_it_took(fresh: Cluster) -> None:
    with fresh.client() as client:
        for path in ("/health/", "/health/ready"):
            response = client.get(path)
            assert response.status_code == 200
            assert response.json()["status"] == "ready"
            assert set(response.json()["checks"]) == {"postgres", "redis", "qdrant", "engine"}
            for part in response.json()["checks"].values():
                assert part["state"] == "up"
                assert part["latency_ms"] > 0
                assert 0 <= part["age_s"] <= FRESH


def test_an_engine_on_the_cpu_though_a_gpu_is_expected_is_degraded_and_answers_200(fresh: Cluster) -> None:
    fresh.engine.said = {
        **HEALTHY,
        "state": "degraded",
        "expected": "cuda",
        "reason": "gpu expected but running on cpu",
    }
    with fresh.client() as client:
        response = client.get("/health/")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["engine"] | {"latency_ms": 0, "age_s": 0} == {
        "state": "degraded",
        "detail": "gpu expected but running on cpu",
        "latency_ms": 0,
        "age_s": 0,
    }


def test_an_engine_that_still_loads_is_down_and_says_so(fresh: Cluster) -> None:
    fresh.engine.status, fresh.engine.said = 503, {"state": "starting", "reason": "loads the model"}
    with fresh.client() as client:
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json()["checks"]["engine"]["detail"] == "starting: loads the model"
    assert response.json()["checks"]["postgres"]["state"] == "up"


def test_hammering_does_not_multiply_the_questions(fresh: Cluster) -> None:
    before = fresh.engine.asked
    with fresh.client() as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get("/health/").json(), range(200)))
    assert {answer["status"] for answer in answers} == {"ready"}
    ages = [answer["checks"]["engine"]["age_s"] for answer in answers]
    assert fresh.engine.asked - before <= 1 + len([age for age in ages if age == 0])
    assert fresh.engine.asked - before < 20
    assert max(ages) > 0


def test_a_service_that_came_up_is_not_called_down_any_longer(fresh: Cluster) -> None:
    """Whoever waits for it would lose a second; hammering does not multiply the questions then either."""
    fresh.engine.status, fresh.engine.said = 503, {"state": "starting", "reason": "loads the model"}
    before, began = fresh.engine.asked, time.monotonic()
    with fresh.client() as client:
        for _ in range(40):
            assert client.get("/health/ready").status_code == 503
        assert fresh.engine.asked - before <= 1 + (time.monotonic() - began) / DOWN_SECONDS
        fresh.engine.status, fresh.engine.said = 200, dict(HEALTHY)
        threading.Event().wait(DOWN_SECONDS)
        assert client.get("/health/ready").status_code == 200


def test_an_engine_that_hangs_is_down_in_time_and_is_asked_once_until_it_answers(fresh: Cluster) -> None:
    fresh.engine.silent.set()
    before = fresh.engine.asked
    with fresh.client() as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get("/health/").json(), range(16)))
        assert {answer["checks"]["engine"]["state"] for answer in answers} == {"down"}
        assert {answer["checks"]["redis"]["state"] for answer in answers} == {"up"}
        assert fresh.engine.asked - before <= 2
        fresh.engine.silent.clear()
        threading.Event().wait(FRESH)
        assert client.get("/health/").json()["status"] == "ready"


@pytest.mark.parametrize("name", ["postgres", "redis", "qdrant"])
def test_a_frozen_store_is_down_the_worker_serves_on_and_all_is_well_when_it_thaws(fresh: Cluster, name: str) -> None:
    with fresh.client() as client, fresh.logged_in("reader") as browser:
        assert client.get("/health/").json()["status"] == "ready"
        threading.Event().wait(FRESH)
        with frozen(fresh, name):
            body = client.get("/health/").json()
            assert body["status"] == "down"
            assert {part: answer["state"] for part, answer in body["checks"].items()} == {
                **dict.fromkeys(("postgres", "redis", "qdrant", "engine"), "up"),
                name: "down",
            }
            assert (
                "no answer within 2 s" in body["checks"][name]["detail"] or "imeout" in body["checks"][name]["detail"]
            )
            for _ in range(20):
                assert client.get("/health/live").status_code == 200
        for _ in range(100):
            if client.get("/health/").json()["status"] == "ready":
                break
            threading.Event().wait(0.2)
        assert client.get("/health/").json()["status"] == "ready"
        assert browser.get("/auth/me").status_code == 200


def test_requests_that_wait_for_a_frozen_postgres_end_with_503_and_do_not_hold_up_others(fresh: Cluster) -> None:
    token = fresh.token("reader")
    with (
        fresh.client(authorization=f"Bearer {token}") as script,
        fresh.logged_in("reader") as browser,
        ThreadPoolExecutor(12) as pool,
    ):
        assert script.get("/auth/me").status_code == 200
        with frozen(fresh, "postgres"):
            stuck = [pool.submit(script.get, "/auth/me") for _ in range(10)]
            for _ in range(20):
                assert browser.get("/auth/me").status_code == 200, "a session needs Redis only"
            assert {item.result().status_code for item in stuck} == {503}
        assert script.get("/auth/me").status_code == 200


def test_a_worker_that_cannot_open_new_connections_says_so_though_its_old_ones_work(fresh: Cluster) -> None:
    """No connections left, a changed password: requests fail, so the worker is not ready."""
    token, database = fresh.token("reader"), fresh.dsn.rpartition("/")[2].partition("?")[0]
    with (
        psycopg.connect(fresh.stores.dsn, autocommit=True) as server,
        fresh.client(authorization=f"Bearer {token}") as script,
        fresh.client() as client,
    ):
        assert client.get("/health/").json()["status"] == "ready"
        server.execute(f'ALTER DATABASE "{database}" WITH ALLOW_CONNECTIONS false')
        try:
            end_connections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            server.execute(end_connections, (f"omnimind-{fresh.ports[0]}/1",))
            assert script.get("/auth/me").status_code == 503
            threading.Event().wait(FRESH)
            response = client.get("/health/ready")
            assert (response.status_code, response.json()["checks"]["postgres"]["state"]) == (503, "down")
            assert "cannot open new connections" in response.json()["checks"]["postgres"]["detail"]
        finally:
            server.execute(f'ALTER DATABASE "{database}" WITH ALLOW_CONNECTIONS true')
        end = time.monotonic() + SETTLE_SECONDS
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < end
            threading.Event().wait(0.2)
        assert script.get("/auth/me").status_code == 200


def test_a_pool_whose_connections_are_all_busy_is_no_outage(fresh: Cluster) -> None:
    token = fresh.token("reader")
    with (
        fresh.postgres() as lock,
        fresh.client(authorization=f"Bearer {token}") as script,
        fresh.client() as client,
        ThreadPoolExecutor(8) as pool,
    ):
        with lock.transaction():
            lock.execute("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE")
            stuck = [pool.submit(script.get, "/auth/me") for _ in range(8)]
            threading.Event().wait(0.5)
            assert client.get("/health/").json()["status"] == "ready"
        assert {item.result().status_code for item in stuck} == {200}
