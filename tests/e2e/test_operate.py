"""`up`, `down`, `restart`, `status` and `logs` against real systemd, on a host that was migrated.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample
from tests.hosts.wget import GET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PASSWORD = "a lantern, a ladder and a lake"
PORTS = (8000, 8080, 3001)
OURS = "6379|5432|6333|8000|8080|3001|3000"
LOAD = """
import http.client, sys, threading, time
bad, good, stop = [], 0, threading.Event()
def ask(port):
    global good
    while not stop.is_set():
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            link.request("GET", "/health/live")
            answer = link.getresponse()
            answer.read()
            if answer.status == 200: good += 1
            else: bad.append(answer.status)
        except OSError as error: bad.append(repr(error))
        except http.client.HTTPException as error: bad.append(repr(error))
        finally: link.close()
        time.sleep(0.005)
threads = [threading.Thread(target=ask, args=(port,)) for port in (8000, 8080, 3001)]
for thread in threads: thread.start()
sys.stdin.read()
stop.set()
for thread in threads: thread.join()
print(good, bad)
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        tool.migrate(booted)
        yield booted


def services(host: Host) -> dict[str, dict[str, Any]]:
    """What `status` tells, by service."""
    (said,) = tool.results(tool.omnimind(host, "status", "--json", check=False))
    return {one["name"]: one for one in said["data"]["services"]}


def up(host: Host) -> dict[str, Any]:
    """Bring it up; the answer."""
    answer: dict[str, Any] = tool.results(tool.omnimind(host, "up", "--json"))[-1]["data"]
    return answer


def test_status_knows_every_unit_with_its_memory_and_its_limit(host: Host) -> None:
    found = services(host)
    assert list(found) == [
        "postgres",
        "redis",
        "qdrant",
        "engine",
        *(f"backend-{port}" for port in PORTS),
        "frontend",
        "guard",
    ]
    for one in found.values():
        assert one["state"] == "running"
        assert all(
            process["pid"] and process["memory_bytes"] and process["memory_limit"] for process in one["processes"]
        )


def test_up_on_a_running_system_changes_nothing(host: Host) -> None:
    before = {name: [process["pid"] for process in one["processes"]] for name, one in services(host).items()}
    assert up(host)["changes"] == 0
    assert {name: [process["pid"] for process in one["processes"]] for name, one in services(host).items()} == before


def test_up_needs_root_and_says_so(host: Host) -> None:
    said = host.run((tool.PROGRAM, "up"), user="nobody", check=False)
    assert said.returncode == 1
    assert "needs root" in said.stderr


def test_rolling_restart_fails_no_request(host: Host) -> None:
    with host.popen(("python3", "-c", LOAD)) as load:
        host.sh("sleep 1")
        said = tool.omnimind(host, "restart", "backend", "--json")
        host.sh("sleep 1")
        out, _ = load.communicate(timeout=60)
    assert len(tool.results(said)[-1]["data"]["restarted"]) == 6
    good, _, bad = out.decode().strip().partition(" ")
    assert bad == "[]"
    assert int(good) > 50


def test_down_stops_all_of_it_and_up_starts_all_of_it(host: Host) -> None:
    down = tool.results(tool.omnimind(host, "down", "--json"))[-1]["data"]
    assert len(down["stopped"]) == 9
    assert host.sh(f"ss -Hltn | grep -E '127.0.0.1:({OURS}) ' || true") == ""
    assert all(process["by_person"] for one in services(host).values() for process in one["processes"])
    assert tool.results(tool.omnimind(host, "down", "--json"))[-1]["data"]["changes"] == 0
    said = up(host)
    assert (said["state"], said["changes"]) == ("ready", 9)
    assert host.sh("systemctl is-active omnimind.target") == "active"
    assert "Start engine" in host.sh("cat /var/log/omnimind/startup_detailed.log")
    assert tool.omnimind(host, "health").returncode == 0


def test_logs_are_the_journals(host: Host) -> None:
    assert "Started omnimind-engine.service" in tool.omnimind(host, "logs", "engine").stdout
    assert tool.omnimind(host, "logs", "nonsense", check=False).returncode == 64


def test_workers_show_the_migration_from_a_journal_that_they_cannot_change(host: Host) -> None:
    host.run(("omnimind", "user", "add", "otto", "--role", "admin", "--password-stdin"), input=f"{PASSWORD}\n")
    token = host.sh("omnimind user token otto --role reader").split()[-1]
    assert token.startswith("omt_")
    (run,) = json.loads(
        host.sh(f"{GET} --header='Authorization: Bearer {token}' http://127.0.0.1:8080/runs?name=migrate")
    )["runs"]
    assert run["state"] in ("unconfirmed", "confirmed")
    told = json.loads(host.sh(f"{GET} --header='Authorization: Bearer {token}' http://127.0.0.1:3001/runs/{run['id']}"))
    assert {step["status"] for step in told["steps"]} == {"done"}
    assert told["receipt"]["downtime_s"]["qdrant"] > 0
    assert all(one["equal"] for one in told["receipt"]["compared"]) and told["receipt"]["compared"]
    assert host.sh("stat -c '%U:%G %a' /var/lib/omnimind/journal.db") == "root:omnimind 640"
    assert host.sh("stat -c '%U:%G %a' /var/lib/omnimind/receipts") == "root:root 700"
    refused = host.sh(
        "runuser -u omnimind -- sh -c 'echo >> /var/lib/omnimind/journal.db || touch /var/lib/omnimind/x' 2>&1 || true"
    )
    assert refused.count("ermission denied") == 2, refused


def test_page_tells_the_browser_where_the_backends_are(host: Host) -> None:
    said = json.loads(host.sh(f"{GET} http://localhost:3000/cluster.json"))
    assert said == {"backends": [f"http://localhost:{port}" for port in PORTS]}
    assert "<html" in host.sh(f"{GET} --compression=auto http://localhost:3000/search")


def test_page_whose_port_is_taken_says_who_has_it_and_moves_nowhere(host: Host) -> None:
    tool.omnimind(host, "down")
    host.sh(
        "systemd-run --unit=stranger python3 -m http.server 3000 --bind 127.0.0.1; until ss -Hltn 'sport = :3000' | grep -q .; do sleep 0.1; done"
    )
    said = tool.omnimind(host, "up", "--json", check=False)
    assert said.returncode == 1
    problem = tool.results(said)[-1]
    assert problem["why"].startswith("port 3000: held by python3 (pid ")
    assert "stranger.service" in problem["why"]
    listening = host.sh(f"ss -Hltn | awk '{{print $4}}' | grep -E ':({OURS})$'").splitlines()
    assert listening == ["127.0.0.1:3000"], "nothing of ours was started"
    host.sh("systemctl stop stranger")
    assert up(host)["state"] == "ready"


def test_unit_that_cannot_start_is_named_with_its_own_last_words(host: Host) -> None:
    tool.omnimind(host, "down")
    folder = "/etc/systemd/system/omnimind-frontend.service.d"
    host.write(
        f"{folder}/broken.conf", "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo the glass is gone >&2; exit 7'\n"
    )
    host.sh("systemctl daemon-reload")
    said = tool.omnimind(host, "up", "--json", check=False)
    assert said.returncode == 1
    problem = tool.results(said)[-1]
    assert problem["what"] == "cannot start frontend"
    assert any("the glass is gone" in line for line in problem["log"])
    host.sh(f"rm -r {folder}; systemctl daemon-reload")
    assert up(host)["state"] == "ready"
