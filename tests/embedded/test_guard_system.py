"""Health and guard on a real embedded system, started by the real command: supervisor, the guard's own process, the
real time it takes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.embedded.system import System, wait

WATCHDOG = "4"


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """One system for this file."""
    found = System(environment={"OMNIMIND_WATCHDOG_SECONDS": WATCHDOG})
    try:
        found.up()
        yield found
    finally:
        found.close()


@pytest.fixture(autouse=True)
def well(system: System) -> None:
    """Every test begins with everything ready."""
    result = system.run("health", "--until", "ready", "--for", "90s")
    assert result.code == 0, result.out


def reading(system: System, name: str) -> dict[str, Any]:
    services = system.run("health", "--json").result["services"]
    return next(service for service in services if service["service"] == name)


def pid(system: System, name: str) -> int:
    result = pid_now(system, name)
    assert result > 1
    return result


def pid_now(system: System, name: str) -> int:
    """0 between two lives."""
    return int(reading(system, name)["processes"][0]["pid"] or 0)


def test_everything_is_useful_and_the_check_costs_little(system: System) -> None:
    """Each deep probe wrote, read or computed something; nothing else is on stdout."""
    result = system.run("health", "--json").ok()
    assert [service["service"] for service in result.result["services"] if not service["useful"]] == []
    assert len(result.events) == 1


def test_a_killed_service_is_back_and_counted(system: System) -> None:
    """Its manager brings it back; the guard's memory shows it to who looks later."""
    before = reading(system, "engine")
    os.kill(pid(system, "engine"), signal.SIGKILL)
    wait("the engine is back", lambda: reading(system, "engine")["state"] == "ready")
    wait("the restart is counted", lambda: reading(system, "engine")["restarts"] > before["restarts"])


def test_a_frozen_guard_is_replaced_by_its_own_watchdog(system: System) -> None:
    """Who watches the watchman: supervisor's heartbeat listener."""
    old = pid(system, "guard")
    os.kill(old, signal.SIGSTOP)
    wait("another guard runs", lambda: pid_now(system, "guard") not in (0, old), 60)


def test_a_worker_whose_start_fails_degrades_its_backend_and_is_left_to_supervisor(system: System) -> None:
    """Supervisor is at it, so the guard is not; mended, it comes up by itself."""
    port = system.backends[1]
    name, file = f"backend-{port}-1", system.state / "config/programs.json"
    sound = file.read_text()
    broken = json.loads(sound)
    broken[name]["environment"]["OMNIMIND_CHECK_SECONDS"] = "soon"
    file.write_text(json.dumps(broken))
    os.kill(pid(system, f"backend-{port}"), signal.SIGKILL)
    wait("health says so", lambda: f"1 of 2 workers: {name} is" in reading(system, f"backend-{port}")["why"])
    assert system.run("health").code == 2
    file.write_text(sound)
    wait(
        "it is back",
        lambda: (
            reading(system, f"backend-{port}")["state"] != "down"
            and reading(system, f"backend-{port}")["processes"][0]["state"] == "running"
        ),
    )
    assert system.run("runs", "--json").result["runs"] == []


def test_a_store_that_refuses_is_explained_and_not_restarted(system: System) -> None:
    """Somebody changed the password: no restart mends that.

    Given up in health and in the journal; mended, looked after again.
    """
    world = json.loads((system.state / "embedded.json").read_text())
    password = json.loads((system.state / "secrets.json").read_text())["redis"]
    old = pid(system, "redis")
    with redis.Redis("127.0.0.1", world["ports"]["redis"], password=password) as link:
        link.execute_command("ACL", "SETUSER", "default", "resetpass", ">other")
        wait("the guard gives it up", lambda: "it answers with a refusal" in reading(system, "redis")["gave_up"], 90)
        assert "the guard gave up on redis" in system.run("health").out
        link.execute_command("ACL", "SETUSER", "default", "resetpass", f">{password}")
    wait("it is looked after again", lambda: not reading(system, "redis")["gave_up"], 60)
    assert pid(system, "redis") == old
    (run,) = system.run("runs", "--json").result["runs"]
    assert (run["service"], run["state"]) == ("redis", "failed")
    assert (
        "gave up on redis: it answers with a refusal, which a restart does not fix: WRONGPASS"
        in system.run("runs", run["id"]).out
    )


def test_watch_is_one_json_object_a_look_until_it_is_interrupted(system: System) -> None:
    """For a dashboard that reads a pipe."""
    command = (sys.executable, "-m", "omnimind_ops", "health", "--watch", "--json", "--interval", "0.3")
    with subprocess.Popen(command, env=system.env(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ages = [
            next(
                service["age"]
                for service in json.loads(process.stdout.readline())["data"]["services"]
                if service["service"] == "redis"
            )
            for _ in range(4)
        ]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert max(ages) > 0.2  # answers are kept for their time to live


def test_after_down_everything_is_stopped_and_nothing_is_recovered(system: System) -> None:
    """Exit code 1; the guard went first."""
    system.run("down").ok()
    assert system.run("health").code == 1
    time.sleep(1)
    assert system.processes() == []
    system.up()
