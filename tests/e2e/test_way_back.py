"""No dead end: what answers is proven by its owner, and a rollback that cannot end well does not begin.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from omnimind_ops.model.problem import ExitCode
from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NATIVE = "qdrant redis-server omnimind-8000@1 omnimind-3001@2"
OLD = "docker ps -aq --filter label=com.docker.compose.service={}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        yield booted


def state(host: Host) -> str:
    """Of the newest run."""
    output = tool.omnimind(host, "runs", "--json").stdout
    runs = json.loads(output)["data"]["runs"]
    return str(next(run["state"] for run in runs if run["name"] == "migrate"))


def native(host: Host) -> bool:
    """Whether all native services run and no container does."""
    active = host.run(("systemctl", "is-active", *NATIVE.split()), check=False).stdout.split()
    return set(active) == {"active"} and host.sh("docker ps -q || true") == ""


def refused(host: Host, *arguments: str) -> str:
    """A rollback that is refused; returns what it said. The native services keep running."""
    result = tool.omnimind(host, "rollback", "--yes", *arguments, check=False)
    assert result.returncode == ExitCode.NO_WAY_BACK, result.stdout + result.stderr
    assert native(host)
    return " ".join(result.stderr.split())


def test_an_old_qdrant_that_comes_back_before_the_proof_is_not_certified(host: Host) -> None:
    container = host.sh(OLD.format("qdrant"))
    text, problem = (tool.PROGRAM, *tool.WORDS, "--yes", "--json"), {}
    with host.popen(text, stderr=subprocess.DEVNULL) as client:
        assert client.stdout
        for line in client.stdout:
            event = json.loads(line)
            if event.get("step") == "activate-units" and event.get("data", {}).get("status") == "doing":
                host.run(("docker", "start", container))
            problem = event if event["kind"] == "problem" else problem
    assert client.returncode == ExitCode.ROLLED_BACK, problem
    assert problem["what"] == "cannot prove qdrant", problem
    assert "docker-proxy" in problem["why"] and "not qdrant.service" in problem["why"], problem
    assert "docker stop" in problem["fix"], problem
    assert state(host) == "rolled back"
    wait_for_stack(host)


def test_without_docker_a_rollback_and_a_finish_are_refused(host: Host) -> None:
    tool.migrate(host)
    host.sh("systemctl stop docker.socket docker.service")
    try:
        assert "no Docker engine answers" in refused(host)
        finish = tool.omnimind(host, "finish", "--yes", check=False)
        assert finish.returncode == ExitCode.PROBLEM and "Nothing was deleted" in finish.stderr, finish.stderr
        assert state(host) == "confirmed"
    finally:
        host.sh("systemctl start docker.service")


SUMS = f"cd {FOLDER}/data && find . -type f -print0 | sort -z | xargs -0 sha256sum"
WRITE = """
import json, sys, urllib.request
key = open("/etc/omnimind/secrets/qdrant.key").read().strip()
def ask(method, path, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:6333/collections/universal_machine_embeddings{path}", json.dumps(body).encode(),
        {"content-type": "application/json", "api-key": key}, method=method)
    return json.load(urllib.request.urlopen(request, timeout=60))["result"]
points = ask("POST", "/points/scroll", {"limit": 3, "with_vector": True, "with_payload": True})["points"]
new = [{"id": 10**9 + n, "vector": p["vector"], "payload": {"written": "natively"}} for n, p in enumerate(points)]
ask("PUT", "/points?wait=true", {"points": new})
ask("POST", "/points/delete?wait=true", {"points": [points[0]["id"]]})
"""


def write_natively(host: Host) -> None:
    """Into every store, as the services do."""
    host.run(("python3", "-c", WRITE))
    host.sh(
        """
        export REDISCLI_AUTH=$(cat /etc/omnimind/secrets/redis.password)
        redis-cli set written natively
        redis-cli hset 'written too' field value
        echo natively > /var/lib/omnimind/uploads/written
        """
    )


def test_a_carry_that_fails_half_way_leaves_the_native_side_serving(host: Host) -> None:
    """Redis' container cannot start, because somebody has its port; Qdrant's runs by then, with the new data."""
    write_natively(host)
    census, old = tool.census(host, native=True), host.sh(SUMS)
    host.sh("systemd-run --unit squatter python3 -m http.server 6379 --bind 127.0.0.2")
    result = refused(host, "--with-data")
    host.sh("systemctl stop squatter")
    assert "cannot run docker" in result and "the native services serve again" in result, result
    assert state(host) == "confirmed" and tool.census(host, native=True) == census
    assert host.sh(SUMS) == old


def test_a_carry_that_is_killed_is_taken_back_by_resume(host: Host) -> None:
    """The old stores run then, and no native one."""
    census, old = tool.census(host, native=True), host.sh(SUMS)
    tool.kill_at(host, "load-redis", ("rollback", "--yes", "--with-data"))
    assert host.sh("docker ps -q") and host.sh("systemctl is-enabled omnimind-resume") == "enabled"
    beside = tool.omnimind(host, "up", check=False)
    assert beside.returncode == ExitCode.PROBLEM and "omnimind resume" in beside.stderr, beside.stderr
    tool.omnimind(host, "resume")
    assert native(host) and state(host) == "confirmed"
    assert tool.census(host, native=True) == census and host.sh(SUMS) == old


def test_a_recreated_container_and_what_came_since_the_cutover_go_back(host: Host) -> None:
    """Compose created it again with its volumes; `--with-data` fills them, and the censuses are equal."""
    before = host.sh(OLD.format("redis"))
    host.sh("docker-compose up --no-start --no-build --force-recreate --no-deps redis", cwd=FOLDER)
    assert host.sh(OLD.format("redis")) != before
    census = tool.census(host, native=True)
    result = tool.omnimind(host, "rollback", "--yes", "--with-data")
    assert "created again as" in result.stderr, result.stderr
    words = " ".join(result.stderr.split())
    keys = re.search(r"redis: (\d+) keys came", words)  # the native backends write keys too
    assert keys and int(keys[1]) >= 2, words
    assert "universal_machine_embeddings: 2 points more" in words and "uploads: 1 file came" in words, words
    assert "not counted" not in words, words
    wait_for_stack(host)
    assert state(host) == "rolled back"
    assert tool.census(host, native=False) == census
    assert host.sh("ls /var/lib/omnimind/exports/*-postgresql.dump")


def test_the_timer_leaves_the_native_services_when_the_containers_are_gone(host: Host) -> None:
    waits = host.run(
        (
            "script",
            "-qec",
            " ".join((tool.PROGRAM, *tool.WORDS, "--no-bench", "--listen loopback --confirm-minutes 2")),
            "/dev/null",
        ),
        input="y\n",
        timeout=300,
        check=False,
    )
    assert waits.returncode == ExitCode.UNCONFIRMED, waits.stdout
    host.sh("docker-compose down", cwd=FOLDER)
    result = refused(host)
    assert "was removed" in result and "omnimind confirm" in result and "up --no-start" in result, result
    failed = "systemctl show -p ExecMainStatus --value omnimind-confirm.service"
    host.wait_for(("sh", "-c", f"test $({failed}) = {int(ExitCode.NO_WAY_BACK)}"), 240, "the timer's rollback")
    assert native(host) and state(host) == "unconfirmed"


def test_what_is_left_can_be_confirmed_and_finished(host: Host) -> None:
    assert tool.migrate(host).returncode == 0
    assert state(host) == "confirmed"
    refused(host)
    assert tool.omnimind(host, "finish", "--yes").returncode == 0
    assert state(host) == "finished" and native(host)
