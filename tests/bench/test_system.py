"""Every case on a whole embedded system, as its user types it; afterwards nothing of it is left in any store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import redis

from omnimind_ops.model.world import World
from omnimind_ops.runner.lock import hold
from tests.bench.server import valid
from tests.embedded.system import Said, System, wait
from tests.embedded.test_up import world_of

FEW = ("embeddings", "--n", "24", "--batch", "8", "--repeats", "3")
TABLES = ("users", "tokens", "documents", "chunks")


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """One system that is up."""
    item = System()
    try:
        item.up()
        yield item
    finally:
        item.close()


def kept(world: World) -> dict[str, Any]:
    """What the stores hold of people, documents, embeddings and points."""
    with psycopg.connect(world.postgres_dsn) as link:
        rows = {name: link.execute(f"SELECT count(*) FROM {name}").fetchone() for name in TABLES}
    with redis.Redis.from_url(world.redis_url) as client:
        cached = sorted(client.scan_iter("omnimind:embedding:*"))
    headers = {"api-key": world.qdrant_key}
    collections = httpx.get(f"{world.qdrant_url}/collections", headers=headers).json()["result"]["collections"]
    points = 0
    if world.system.collection in {collection["name"] for collection in collections}:
        response = httpx.post(
            f"{world.qdrant_url}/collections/{world.system.collection}/points/count",
            headers=headers,
            json={"exact": True},
        )
        points = response.json()["result"]["count"]
    return {**rows, "cached": cached, "points": points}


def measured(said: Said, code: int = 0) -> dict[str, Any]:
    """The document on stdout, checked against the schema."""
    assert said.code == code, f"exit {said.code}\n{said.err}\n{said.out}"
    (line,) = said.out.splitlines()
    data: dict[str, Any] = json.loads(line)
    valid(data)
    return data


@pytest.fixture(autouse=True)
def nothing_is_left(system: System) -> Iterator[None]:
    world = world_of(system)
    before = kept(world)
    yield
    assert kept(world) == before


def test_every_stage_of_an_embedding_is_told_and_they_add_up(system: System) -> None:
    result = measured(system.run("bench", *FEW, "--json"))
    rows = {row["name"]: row for row in result["stages"]}
    assert [name for name, row in rows.items() if row["p50_ms"] is None] == []
    assert list(rows) == [
        "request",
        "tcp",
        "backend",
        "tokenise",
        "queue",
        "inference",
        "engine",
        "serialise",
        "qdrant",
        "redis",
        "postgres",
        "response",
    ]
    assert result["sum_check"]["ok"] is True, result["sum_check"]
    assert result["device"] == "cpu"
    assert rows["inference"]["note"].startswith("cpu, ")
    assert rows["redis"]["note"].startswith("cold: ")
    assert rows["qdrant"]["note"].startswith("warm: ")
    assert result["cache"] == {"hits": 0, "misses": 24 * result["repeats"]}
    assert result["environment"]["versions"]["openvino"]


def test_a_warm_cache_calculates_nothing_and_one_that_is_off_is_not_asked(system: System) -> None:
    warm = measured(system.run("bench", *FEW, "--cache", "warm", "--json"))
    off = measured(system.run("bench", *FEW, "--cache", "off", "--no-qdrant", "--json"))
    assert warm["cache"] == {"hits": 24 * warm["repeats"], "misses": 0}
    inference = next(row for row in warm["stages"] if row["name"] == "inference")
    assert (inference["p50_ms"], inference["note"]) == (None, "not used: everything was cached")
    assert (
        next(row for row in warm["stages"] if row["name"] == "redis")["note"]
        == f"warm: {24 * warm['repeats']} of {24 * warm['repeats']} found"
    )
    assert off["cache"]["hits"] == 0
    assert warm["total"]["p50_ms"] < off["total"]["p50_ms"]


def test_a_gpu_that_is_not_there_has_no_result(system: System) -> None:
    result = system.run("bench", *FEW, "--device", "gpu")
    assert (result.code, result.out) == (1, "")
    assert "the responses came from cpu" in result.err


def test_four_callers_at_once_still_add_up(system: System) -> None:
    result = measured(
        system.run("bench", "embeddings", "--n", "64", "--batch", "4", "-c", "4", "--repeats", "3", "--json")
    )
    assert result["sum_check"]["difference"] < 0.15, "what waits for a worker's event loop is in no stage"
    assert result["settings"]["concurrency"] == 4


def test_nothing_is_measured_while_another_omnimind_changes_the_system(system: System) -> None:
    with hold(world_of(system).lock, "somebody", "restart"):
        result = system.run("bench", *FEW)
    assert result.code == 5
    assert "somebody" in result.err


def test_a_user_that_a_killed_measurement_left_behind_goes_with_a_later_one(system: System) -> None:
    with psycopg.connect(world_of(system).postgres_dsn, autocommit=True) as link:
        link.execute(
            "INSERT INTO users (name, password_hash, role, created_at) VALUES ('omnimind-bench-0', 'x', 'reader', now() - interval '2 days')"
        )
    measured(system.run("bench", *FEW, "--cache", "off", "--no-qdrant", "--json"))
    assert system.run("user", "add", "omnimind-bench-1", "--generate").code == 1, "nobody else may have such a name"


def test_the_next_measurement_deletes_the_user_of_a_killed_one_and_spares_that_of_a_running_one(system: System) -> None:
    command = ("bench", "cluster", "--rate", "2", "--for", "120")
    with system.start(*command) as killed, system.start(*command) as running:
        try:
            wait("both have a user", lambda: len(bench_users(system)) == 2)
            killed.kill()
            killed.wait()
            measured(system.run("bench", *FEW, "--cache", "off", "--no-qdrant", "--json"))
            (left,) = bench_users(system)
            assert f"-{running.pid:x}-" in left
        finally:
            killed.kill()
            running.terminate()
    assert bench_users(system) == []


def bench_users(system: System) -> list[str]:
    """The temporary users of measurements."""
    with psycopg.connect(world_of(system).postgres_dsn) as link:
        return [name for (name,) in link.execute("SELECT name FROM users WHERE name LIKE 'omnimind-bench-%'")]


def test_saved_results_are_shown_by_the_backend(system: System) -> None:
    result = system.run("bench", *FEW, "--save", "one", "--json")
    outcome = measured(result)
    made = system.run("user", "add", "someone", "--generate", "--json").ok()
    try:
        token = system.run("user", "token", "someone", "--json").ok().result["token"]
        with httpx.Client(
            base_url=f"http://127.0.0.1:{system.backends[0]}", headers={"authorization": f"Bearer {token}"}
        ) as client:
            listed = client.get("/bench").json()["results"]
            kept_one = client.get("/bench/one").json()
    finally:
        with psycopg.connect(world_of(system).postgres_dsn, autocommit=True) as link:
            link.execute("DELETE FROM users WHERE name = 'someone'")
    assert made.result["role"] == "admin", "the user of a measurement before was not the first"
    assert [item["name"] for item in listed] == ["one"]
    assert kept_one == outcome


def test_search_finds_what_an_exact_search_finds(system: System) -> None:
    result = measured(
        system.run("bench", "search", "--n", "20", "--repeats", "3", "--json", "--require", "recall>=0.99")
    )
    assert result["filled"] == 1000
    assert result["points"] >= 500
    assert result["recall"] >= 0.99
    assert next(row for row in result["stages"] if row["name"] == "qdrant")["p50_ms"] > 0


def test_circuits_are_measured_on_the_cpu_and_nothing_is_kept_for_a_router_without_a_gpu(system: System) -> None:
    result = measured(system.run("bench", "quantum", "--budget", "4", "--json"))
    assert {row["device"] for row in result["rows"]} == {"cpu"}
    assert {row["circuit"] for row in result["rows"]} == {"qft", "qv"}
    assert result["why_not"]
    assert result["saved"] == ""
    assert result["crossover"] is None


def test_a_killed_backend_loses_no_request(system: System) -> None:
    result = measured(
        system.run("bench", "cluster", "--rate", "10", "--for", "6", "--kill", "--json", "--require", "lost<1")
    )
    assert result["requests"] == 60
    assert result["lost"] == 0
    assert result["killed"]["service"] == f"backend-{system.backends[0]}"
    assert {backend["url"].rpartition(":")[2] for backend in result["backends"] if backend["answers"]} == {
        str(port) for port in system.backends
    }
    assert len({worker for item in result["backends"] for worker in item["workers"]}) >= 3
