"""`omnimind up`, `down`, `status`, `restart` on a machine without units of ours: real servers, real processes, as root
and without.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import psycopg
import pytest
import redis
from qdrant_client import QdrantClient, models

from omnimind_ops.embedded import home
from omnimind_ops.settings import load
from tests.embedded.system import ROOT, System, wait

PASSWORD = "a lantern, a ladder and a lake"
TEXT = "On Tuesday the green boat left the harbour of Setúbal with a crew of four and a parrot."
SERVICES = ["postgres", "redis", "qdrant", "engine", "frontend", "guard"]
USERS = ["nobody"] + (["root"] if os.geteuid() == 0 else [])


@pytest.fixture(scope="module", params=USERS if os.geteuid() == 0 else ["us"])
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """One system that is up; tests leave it up."""
    item = System(user="nobody" if request.param == "nobody" else None)
    try:
        item.up()
        yield item
    finally:
        item.close()


@pytest.fixture
def fresh() -> Iterator[System]:
    """A system that was never started."""
    item = System()
    yield item
    item.close()


def test_first_start_ends_with_everything_proven(system: System) -> None:
    health = system.run("health", "--json")
    assert health.code == 0, health.out
    status = system.run("status", "--json").ok().result
    assert [service["name"] for service in status["services"]] == [
        "postgres",
        "redis",
        "qdrant",
        "engine",
        *(f"backend-{port}" for port in system.backends),
        "frontend",
        "guard",
    ]
    assert all(
        process["state"] == "running" and process["restarts"] == 0
        for item in status["services"]
        for process in item["processes"]
    )


def test_second_up_changes_nothing(system: System) -> None:
    before = {item.pid for item in system.processes()}
    result = system.up()
    assert result["changes"] == 0
    assert result["state"] == "ready"
    assert {system.supervisor()} <= before <= {process.pid for process in system.processes()} | before
    assert system.pids("postgres")[0] in before


def test_nothing_listens_beyond_the_loopback(system: System) -> None:
    for process in system.processes():
        for link in process.net_connections(kind="tcp"):
            if link.status == "LISTEN":
                assert link.laddr.ip == "127.0.0.1", (process.name(), link)


def test_no_password_is_readable_by_others_or_stands_on_a_command_line(system: System) -> None:
    output = (system.state / "secrets.json").read_text()
    secrets = [part for part in output.split('"') if len(part) > 20]
    assert len(secrets) == 4
    for process in system.processes():
        assert not any(secret in " ".join(process.cmdline()) for secret in secrets), process
    for file in [system.state / "secrets.json", *(system.state / "config").iterdir()]:
        assert file.stat().st_mode & 0o077 == 0, file
    logs = "".join(file.read_text(errors="replace") for file in (system.state / "logs").iterdir())
    assert not any(secret in logs for secret in secrets)


def test_the_services_role_can_run_no_program_of_the_server(system: System) -> None:
    with psycopg.connect(world_of(system).postgres_dsn, autocommit=True) as link:
        assert link.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone() == (
            False,
            False,
        )
        for harm in ("COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(harm)


def test_lost_passwords_are_not_replaced_in_silence(system: System) -> None:
    file = system.state / "secrets.json"
    system.run("down").ok()
    aside = file.rename(file.with_name("secrets.lost"))
    result = system.run("up", "--json")
    aside.rename(file)
    assert result.code != 0 and "is gone, and the data in" in result.err + result.out
    assert system.up()["state"] == "ready"


def test_startup_log_tells_every_step_of_the_start(system: System) -> None:
    log = (system.state / "logs/startup_detailed.log").read_text()
    for name in (*SERVICES, *(f"backend-{port}" for port in system.backends)):
        assert f"Start {name}" in log
    assert system.run("logs", "startup", "-n", "5").ok().out.count("\n") == 5


def test_logs_of_a_service_are_those_of_its_processes(system: System) -> None:
    assert "ready to accept connections" in system.run("logs", "postgres").ok().out
    assert "Ready to accept connections" in system.run("logs", "redis").ok().out
    assert system.run("logs", "nonsense").code == 64
    assert system.run("logs", "postgres", "--since", "2100-01-01").ok().out == ""


def test_open_prints_the_page_that_is_served(system: System) -> None:
    assert system.run("open", "--print").ok().out.strip() == f"http://localhost:{system.ports[3]}"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_page_is_told_where_the_backends_are(system: System, name: str) -> None:
    response = httpx.get(
        f"http://127.0.0.1:{system.ports[3]}/cluster.json",
        headers={"host": f"{name}:{system.ports[3]}"},
        trust_env=False,
    )
    assert response.json() == {"backends": [f"http://{name}:{port}" for port in system.backends]}


def test_page_that_needs_no_password_is_given_none(system: System) -> None:
    (pid,) = system.pids("frontend")
    arguments = json.dumps(psutil.Process(pid).environ())
    secrets = json.loads((system.state / "secrets.json").read_text())
    assert not any(secret in arguments for secret in secrets.values())


def test_data_outlives_down_and_up_and_no_process_is_left(system: System) -> None:
    put(system)
    down = system.run("down", "--json").ok().result
    assert down["leftover"] == 0
    assert not system.processes()
    again = system.run("down", "--json").ok().result
    assert again["changes"] == 0
    assert system.run("status").code == 1
    assert system.up()["state"] == "ready"
    assert got(system)


def test_user_embeds_keeps_finds_computes_and_finds_again_after_a_restart(system: System) -> None:
    system.run("user", "add", "ana", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n").ok()
    result = use(system, "--text", TEXT, "--question", "which harbour did the boat leave?")
    assert result["me"]["role"] == "admin"
    assert result["lengths"] == [384, 384]
    assert result["found"][0]["document"]["id"] == result["document"]
    assert sum(result["circuit"]["counts"].values()) == 200
    assert result["circuit"]["device"] == "cpu"
    system.run("down").ok()
    system.up()
    assert use(system, "--find", "which harbour did the boat leave?")["past"][0][0]["text"] == TEXT


def test_killed_supervisor_takes_everything_with_it_and_up_brings_it_back(system: System) -> None:
    put(system)
    os.kill(system.supervisor(), 9)
    wait("the orphans' end", lambda: not system.processes(), 30)
    assert system.run("health").code == 1
    assert system.up()["state"] == "ready"
    assert got(system)


def test_interrupted_start_says_what_runs_and_the_next_one_ends_it(fresh: System) -> None:
    process = fresh.start("up", "--json")
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if '"step": "redis"' in line and '"status": "done"' in line:
            process.send_signal(2)
            break
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "ready: redis" in out
    assert fresh.service("redis")["state"] == "running"
    assert fresh.up()["state"] == "ready"


def test_two_starts_at_once_the_second_names_the_first(fresh: System) -> None:
    first = fresh.start("up", "--json")
    wait("the lock", lambda: (fresh.state / "lock").exists() and bool((fresh.state / "lock").read_text()))
    second = fresh.run("up", "--json")
    assert second.code == 5
    assert str(first.pid) in second.problem["why"]
    out, err = first.communicate(timeout=200)
    assert first.returncode == 0, f"{err}\n{out}"


def test_taken_port_is_named_with_its_holder_and_never_silently_changed(fresh: System) -> None:
    with socket.create_server(("127.0.0.1", fresh.ports[0])):
        result = fresh.run("up", "--json")
        assert result.code == 1
        assert f"port {fresh.ports[0]}" in result.problem["why"]
        assert str(os.getpid()) in result.problem["why"]
        assert not fresh.processes()
        moved = fresh.up("--free-ports")
        assert moved["ports"]["backends"][0] > fresh.ports[0]
        assert moved["ports"]["backends"][1:] == fresh.ports[1:3]
    fresh.run("down").ok()
    assert fresh.up()["ports"]["backends"] == moved["ports"]["backends"], "what was chosen is remembered"


def test_page_whose_port_is_taken_says_who_has_it_and_does_not_move_to_another(fresh: System) -> None:
    port = fresh.ports[3]
    with socket.create_server(("127.0.0.1", port)):
        result = fresh.run("up", "--json")
        assert result.code == 1
        assert result.problem["why"].startswith(f"port {port}: held by ")
        assert f"(pid {os.getpid()}" in result.problem["why"]
        assert not fresh.processes()
    assert fresh.up()["ports"]["frontend"] == port


def test_broken_store_fails_with_its_own_last_words(fresh: System) -> None:
    fresh.up()
    fresh.run("down").ok()
    for file in (fresh.state / "redis").rglob("*.manifest"):
        file.write_text("this is no manifest\n")
    result = fresh.run("up", "--json")
    assert result.code == 1
    assert result.problem["what"] == "cannot start redis"
    assert any("manifest" in line.lower() or "AOF" in line for line in result.problem["log"]), result.problem
    fresh.run("down").ok()
    assert not fresh.processes()


def test_engine_that_cannot_start_ends_the_start_with_its_own_words_and_nobody_waits_for_those_that_need_it() -> None:
    item = System(environment={"OMNIMIND_MODEL": "/nonexistent/model"})
    try:
        result = item.run("up", "--json")
        assert result.code == 1
        assert result.problem["what"] == "cannot start engine"
        assert any("/nonexistent/model" in line and "no such folder" in line for line in result.problem["log"]), (
            result.problem
        )
        assert "also not ready: " + ", ".join(f"backend-{port}" for port in item.backends) in result.problem["why"]
        failed = {
            event["step"] for event in result.events if event["kind"] == "step" and event["data"]["status"] == "failed"
        }
        assert failed == {"engine", *(f"backend-{port}" for port in item.backends)}
        assert item.service("postgres")["state"] == "running", "what works is left running"
        left = next(event["text"] for event in result.events if event["text"].startswith("left running: "))
        assert "postgres" in left and "engine" not in left and "omnimind down" in left
    finally:
        item.close()


def test_fresh_moves_the_data_aside_and_asks_first(fresh: System) -> None:
    fresh.up()
    put(fresh)
    assert fresh.run("up", "--fresh", "--json").code == 1, "nobody to ask"
    assert got(fresh)
    assert fresh.up("--fresh", "--yes")["state"] == "ready"
    assert not got(fresh)
    (aside,) = (fresh.state / "aside").iterdir()
    assert sorted(path.name for path in aside.iterdir()) == ["postgres", "qdrant", "redis", "secrets.json", "uploads"]


def use(system: System, *arguments: str) -> dict[str, Any]:
    """What the API told a user of the first backend."""
    script = (
        sys.executable,
        str(ROOT / "tests/hosts/api.py"),
        "--port",
        str(system.backends[0]),
        "--name",
        "ana",
        *arguments,
    )
    done = subprocess.run(script, input=f"{PASSWORD}\n", capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def put(system: System) -> None:
    """Write something into every store, as a user of the store would."""
    world = world_of(system)
    with psycopg.connect(world.postgres_dsn, autocommit=True) as link:
        link.execute("create table if not exists kept (n int)")
        link.execute("insert into kept values (42)")
    with redis.Redis.from_url(world.redis_url) as keys:
        keys.set("kept", "42")
    client = qdrant_of(world)
    if not client.collection_exists("kept"):
        client.create_collection("kept", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert("kept", [models.PointStruct(id=1, vector=[1.0, 0.0], payload={"n": 42})], wait=True)
    client.close()


def got(system: System) -> bool:
    """Tell whether every store still has it; they must agree."""
    world = world_of(system)
    with psycopg.connect(world.postgres_dsn) as link:
        has_table = link.execute("select to_regclass('kept') is not null").fetchone() == (True,)
    with redis.Redis.from_url(world.redis_url) as keys:
        has_key = keys.get("kept") == b"42"
    client = qdrant_of(world)
    has_collection = client.collection_exists("kept") and client.count("kept").count == 1
    client.close()
    assert has_table == has_key == has_collection
    return has_table


def qdrant_of(world: home.World) -> QdrantClient:
    """A client; it warns of a key without TLS, which on a loopback is meant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return QdrantClient(url=world.qdrant_url, api_key=world.qdrant_key, check_compatibility=False)


def world_of(system: System) -> home.World:
    """The system's own description, with its credentials."""
    return home.world(load(None, {}), home.Home(system.state))
