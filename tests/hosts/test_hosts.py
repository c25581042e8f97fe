"""The disposable hosts keep their promises: a real systemd, a real Docker, and the user's stack with data in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts.host import Host, HostError
from tests.hosts.leftovers import hosts, volumes
from tests.hosts.removal import wait_for_removals
from tests.hosts.requirements import must_run, why_no_host
from tests.hosts.sample import FOLDER, USER, boot_sample, remember, wait_for_stack
from tests.hosts.watch import STACK_ENDPOINTS, Endpoint, Watch
from tests.hosts.wget import GET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
POINTS = 2_000
SERVICES = ("backend", "frontend", "qdrant", "redis")


@pytest.fixture(scope="module")
def sample() -> Iterator[Host]:
    """One host with the sample stack for this file; each test leaves it as it found it."""
    reason = why_no_host()
    if reason and must_run():
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with boot_sample(points=POINTS, foreign=True) as host:
        yield host


def container(host: Host, service: str) -> Any:
    """`docker inspect` of a service's container."""
    name = host.sh(
        f"docker ps -q --filter label=com.docker.compose.project=omnimind --filter label=com.docker.compose.service={service}"
    )
    return json.loads(host.sh(f"docker inspect {name}"))[0]


def ask(host: Host, words: str) -> Any:
    """JSON from a URL of the host."""
    return json.loads(host.sh(f"{GET} {words}"))


def redis(host: Host, *words: str) -> str:
    """What the container's own client says."""
    return host.run(("docker", "exec", "omnimind_redis_1", "redis-cli", *words)).stdout.strip()


def test_systemd_is_pid_1_and_no_unit_failed(sample: Host) -> None:
    assert sample.read("/proc/1/comm").strip() == "systemd"
    assert sample.sh("systemctl --failed --no-legend") == ""


def test_all_four_services_answer(sample: Host) -> None:
    wait_for_stack(sample, timeout=5)
    assert ask(sample, "http://127.0.0.1:8000/health/") == {"status": "ok", "runs_in": "compose"}


@pytest.mark.parametrize("service", SERVICES)
def test_containers_start_again_unless_stopped(sample: Host, service: str) -> None:
    policy = container(sample, service)["HostConfig"]["RestartPolicy"]
    assert policy == {"Name": "unless-stopped", "MaximumRetryCount": 0}


def test_redis_data_sits_in_an_anonymous_volume(sample: Host) -> None:
    (mount,) = container(sample, "redis")["Mounts"]
    assert mount["Destination"] == "/data" and mount["Type"] == "volume"
    assert len(mount["Name"]) == 64


def test_qdrant_data_sits_in_a_bind_mount_below_the_project(sample: Host) -> None:
    (mount,) = container(sample, "qdrant")["Mounts"]
    assert (mount["Type"], mount["Source"]) == ("bind", f"{FOLDER}/data/qdrant")
    assert sample.sh(f"ls -A {FOLDER}/data/qdrant") != ""


def test_qdrant_holds_the_seeded_points_behind_collection_and_alias(sample: Host) -> None:
    for name, expected in (("universal_machine_embeddings", POINTS), ("current", POINTS), ("omnimind_narratives", 500)):
        url = f"http://127.0.0.1:6333/collections/{name}/points/count"
        answer = ask(sample, f"--header=content-type:application/json --post-data='{{\"exact\":true}}' {url}")
        found = answer["result"]["count"]
        written = int(redis(sample, "GET", "omnimind:memories")) if name != "omnimind_narratives" else 0
        assert found == expected + written


def test_redis_holds_all_six_types_and_both_kinds_of_deadline(sample: Host) -> None:
    keys = ("greeting", "queue:large", "set:numbers", "hash:large", "rank:large", "events")
    assert [redis(sample, "TYPE", key) for key in keys] == ["string", "list", "set", "hash", "zset", "stream"]
    assert 0 < int(redis(sample, "TTL", "token:hours")) < 86_400 < int(redis(sample, "TTL", "token:month"))
    assert redis(sample, "-n", "1", "DBSIZE") == "2"


def test_uploads_have_a_hole_and_odd_names(sample: Host) -> None:
    uploads = f"{FOLDER}/data/uploads"
    size, blocks = sample.sh(f"stat -c '%s %b' {uploads}/sparse.img").split()
    assert int(size) > 64 << 20 and int(blocks) * 512 < 1 << 20
    assert sample.sh(f"stat -c '%U %a' '{uploads}/private.key'") == f"{USER} 600"
    assert sample.exists(f"{uploads}/ação_日本語_Ωmega.md") and sample.exists(f"{uploads}/dangling")


def test_the_old_backend_writes_into_both_stores(sample: Host) -> None:
    before = ask(sample, "http://127.0.0.1:8000/count")
    number = remember(sample, "olá")
    after = ask(sample, "http://127.0.0.1:8000/count")
    assert number == before["memories"] + 1 == after["memories"]
    assert after["points"] == before["points"] + 1


def test_watch_measures_the_gap_of_a_restarted_service_only(sample: Host) -> None:
    late = Endpoint("late", "http", "http://127.0.0.1:8000/health/", credentials="/testhost/not-there-yet")
    with Watch(sample, [*STACK_ENDPOINTS, late]) as watch:
        sample.sh("docker restart omnimind_redis_1")
        wait_for_stack(sample)
        sample.wait_for(("sh", "-c", "docker exec omnimind_redis_1 redis-cli PING"), 10, "redis")
    assert watch.result["redis"]["refused"] + watch.result["redis"]["failed"] > 0
    assert 0 < watch.result["redis"]["longest_gap"] < 10
    for name in ("frontend", "qdrant", "late"):
        assert (watch.result[name]["failed"], watch.result[name]["refused"]) == (0, 0)
        assert watch.result[name]["ok"] > 5


def test_a_failed_command_shows_what_it_said_and_the_journal(sample: Host) -> None:
    with pytest.raises(HostError, match=r"(?s)exit 3.*stderr:\nno such luck.*journal:"):
        sample.run(("sh", "-c", "echo no such luck >&2; exit 3"))


def test_a_command_past_its_time_is_killed_inside(sample: Host) -> None:
    with pytest.raises(HostError, match="exit 124"):
        sample.run(("sleep", "98765"), timeout=0.5)
    assert sample.run(("pgrep", "-f", "[s]leep 98765"), check=False).returncode == 1


def test_apt_begins_with_neither_lists_nor_packages(sample: Host) -> None:
    assert sample.sh("find /var/lib/apt/lists /var/cache/apt/archives -type f ! -name lock") == ""


@pytest.mark.parametrize("program", ["curl", "sudo", "zstd", "pip", "redis-server", "psql", "uv"])
def test_what_the_installer_does_not_give_is_not_there(sample: Host, program: str) -> None:
    assert sample.run(("which", program), check=False).returncode == 1


def test_a_reboot_brings_the_containers_back_with_their_data(sample: Host) -> None:
    number = remember(sample)
    sample.reboot()
    wait_for_stack(sample)
    assert len(sample.sh("docker ps -q").split()) == 5
    assert ask(sample, "http://127.0.0.1:8000/count")["memories"] == number


def test_two_hosts_run_side_by_side_and_leave_nothing(sample: Host) -> None:
    with Host.boot() as other:
        assert other.name != sample.name and {other.name, sample.name} <= set(hosts())
        other.write("/etc/omnimind/a b.txt", "é\n", mode=0o640)
        assert other.read("/etc/omnimind/a b.txt") == "é\n"
        assert not sample.exists("/etc/omnimind/a b.txt")
    wait_for_removals()
    assert other.name not in hosts() and other.volume not in volumes()
