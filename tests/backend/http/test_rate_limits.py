"""How much one caller may ask for, over all workers, and without Redis."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.backend.cluster import Cluster

LIMITED = {"OMNIMIND_REQUESTS_PER_MINUTE": "20"}


def statuses(client: httpx.Client, count: int) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return [answer.status_code for answer in pool.map(lambda _: client.get("/auth/me"), range(count))]


def test_too_many_requests_are_a_429_that_says_when_to_come_again(core: Cluster) -> None:
    token = core.somebody()
    with core.another(**LIMITED) as worker, core.client(worker, authorization=f"Bearer {token}") as script:
        first = script.get("/auth/me")
        assert first.headers["ratelimit-policy"] == '"caller";q=20;w=60'
        assert '"caller";r=' in first.headers["ratelimit"]
        observed = statuses(script, 60)
        assert set(observed) == {200, 429}
        assert observed.count(200) <= 40  # should a new minute begin meanwhile
        refused = next(answer for answer in (script.get("/auth/me") for _ in range(60)) if answer.status_code == 429)
        assert 0 < int(refused.headers["retry-after"]) <= 61
        assert refused.json()["fix"].startswith("try again in ")
        assert (
            script.get("/health/live").status_code
            == script.get("/health/").status_code
            == script.get("/metrics").status_code
            == 200
        )


def test_the_limit_is_a_callers_over_all_workers_and_nobody_elses(core: Cluster) -> None:
    mine, its = core.somebody(), core.somebody()
    with core.another(**LIMITED) as item, core.another(**LIMITED) as two:
        with (
            core.client(item, authorization=f"Bearer {mine}") as first,
            core.client(two, authorization=f"Bearer {mine}") as second,
            core.client(two, authorization=f"Bearer {its}") as other,
        ):
            observed = statuses(first, 25) + statuses(second, 25)
            assert observed.count(200) <= 40
            assert 429 in statuses(second, 21)
            assert other.get("/auth/me").status_code == 200


def test_who_proves_nothing_is_counted_by_address_whatever_they_claim(core: Cluster) -> None:
    with core.another(**LIMITED, OMNIMIND_REDIS_URL=core.other_redis) as worker, core.client(worker) as client:
        observed = [
            client.get(
                "/auth/me", headers={"authorization": f"Bearer omt_{number}", "x-forwarded-for": f"10.0.0.{number}"}
            ).status_code
            for number in range(60)
        ]
    assert set(observed) == {401, 429}
    assert observed.count(401) <= 40


def test_what_is_counted_in_redis_goes_by_itself_and_is_forgiven(core: Cluster) -> None:
    with core.redis() as redis, core.another(**LIMITED) as worker:
        redis.flushdb()
        redis.script_flush()  # as after a restart of Redis
        name, password = core.people["reader"]
        with core.client(worker) as client:
            for _ in range(3):
                assert client.post("/auth/login", json={"name": name, "password": "wrong"}).status_code == 401
            assert redis.keys("omnimind:rate:login:name:*:*")
            seconds = [redis.ttl(key) for key in redis.keys("omnimind:rate:*")]
            assert all(0 < left <= 60 for left in seconds)
            assert client.post("/auth/login", json={"name": name, "password": password}).status_code == 200
            assert not redis.keys(f"omnimind:rate:login:name:*:{int(time.time() // 60)}")


def test_without_redis_each_worker_counts_by_itself(core: Cluster) -> None:
    token = core.somebody()
    with (
        core.another(**LIMITED, OMNIMIND_REDIS_URL="redis://127.0.0.1:1/0") as worker,
        core.client(worker, authorization=f"Bearer {token}") as script,
    ):
        observed = statuses(script, 60)
    assert set(observed) == {200, 429}
    assert observed.count(200) <= 40
