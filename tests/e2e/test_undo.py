"""Undo is whole: the package manager, the containers, what Redis had only in memory, PostgreSQL and the boot units.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
POLICIES = "docker inspect -f '{{.Name}} {{.HostConfig.RestartPolicy.Name}} {{.State.Running}}' $(docker ps -aq) | sort"
BOOT_UNIT = f"""\
[Unit]
Description=the stack
Requires=docker.service
After=docker.service
[Service]
WorkingDirectory={FOLDER}
ExecStart=/usr/bin/env docker-compose up --no-build
ExecStop=/usr/bin/env docker-compose down
Restart=always
[Install]
WantedBy=multi-user.target
"""
AT_WORK = ("[p]olicy=/usr/sbin", "[/]opt/omnimind/cli", "bin/[o]mnimind", "[a]pt-get", "[d]pkg", "[p]ostgresql")
"""Patterns of what runs during an installation; each does not match the shell that has it in its command line."""
SQL = "runuser -u postgres -- psql -At -d {} -c {!r}"
GHOST = (
    "INSERT INTO documents (id, content_hash, bytes, chunks, state) "
    "VALUES (gen_random_uuid(), decode(repeat($$ab$$, 32), $$hex$$), 1, 0, $$ready$$)"
)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        yield booted


def during(host: Host, step: str, act: str) -> int:
    """Migrate, and run a command on the host when a step begins; return the exit code."""
    words = (tool.PROGRAM, *tool.WORDS, "--yes", "--json", "--no-bench")
    with host.popen(words, stderr=subprocess.DEVNULL) as client:
        assert client.stdout
        for line in client.stdout:
            event = json.loads(line)
            if event.get("step") == step and event.get("data", {}).get("status") == "doing":
                host.sh(act)
    return client.wait()


def test_an_installation_that_is_cut_leaves_nothing_half_configured(host: Host) -> None:
    """Everything is killed while PostgreSQL's first cluster is being made."""
    with host.popen((tool.PROGRAM, *tool.WORDS, "--yes", "--no-bench"), stderr=subprocess.DEVNULL):
        host.wait_for(("pgrep", "-x", "initdb"), 300, "initdb")
        host.sh("\n".join(f"pkill -9 -f '{pattern}' || true" for pattern in AT_WORK))
    assert host.sh("dpkg --audit"), "it was not cut in time"
    tool.omnimind(host, "rollback", "--yes")
    assert host.sh("dpkg --audit") == ""
    assert not host.exists("/usr/sbin/policy-rc.d")
    assert host.sh("systemctl is-active postgresql redis-server || true").split() == ["inactive"] * 2
    wait_for_stack(host)


def test_when_docker_is_restarted_in_the_cutover_every_container_comes_back(host: Host) -> None:
    before = host.sh(POLICIES)
    assert during(host, "read-qdrant", "systemctl restart docker") != 0
    assert host.sh(POLICIES) == before
    wait_for_stack(host)


@pytest.fixture(scope="module")
def in_memory(host: Host) -> dict[str, object]:
    """Redis' data is on a tmpfs now, and a unit starts the stack. Return what the stores have."""
    dump = "docker cp $(docker-compose ps -q redis):/data/dump.rdb /testhost/dump.rdb"
    host.sh(f"docker-compose exec -T redis redis-cli save && {dump}", cwd=FOLDER)
    host.sh("sed -i '/image: redis:alpine/a\\    tmpfs: [/data]' docker-compose.yml", cwd=FOLDER)
    host.sh("docker-compose stop redis && docker-compose rm -f redis", cwd=FOLDER)
    host.write("/etc/systemd/system/stack.service", BOOT_UNIT)
    host.sh("systemctl daemon-reload && systemctl enable --now stack")
    wait_for_stack(host)
    host.run(("python3", "/testhost/seed.py", "redis", "--seed=7"))
    return tool.census(host, native=False)


def test_a_unit_that_starts_the_stack_is_named_and_fenced(host: Host, in_memory: dict[str, object]) -> None:
    said = tool.omnimind(host, *tool.WORDS, "--dry-run")
    assert "stack.service starts the containers" in " ".join((said.stdout + said.stderr).split())
    tool.migrate(host)
    assert host.sh("systemctl start stack; systemctl is-active stack || true") == "inactive"
    assert host.sh("docker ps -q") == ""
    assert tool.census(host, native=True) == in_memory


def test_a_rollback_gives_redis_its_data_back_and_starts_the_unit(host: Host, in_memory: dict[str, object]) -> None:
    host.sh(SQL.format("omnimind", GHOST))
    said = tool.omnimind(host, "rollback", "--yes")
    assert "came back empty" in said.stderr, said.stderr
    wait_for_stack(host)
    assert tool.census(host, native=False) == in_memory
    host.wait_for(("systemctl", "is-active", "stack"), 60, "the unit")
    assert not host.exists("/etc/systemd/system/stack.service.d")


def test_the_next_migration_has_no_ghosts_and_finish_removes_what_was_parked(
    host: Host, in_memory: dict[str, object]
) -> None:
    tool.migrate(host)
    assert host.sh(SQL.format("omnimind", "SELECT count(*) FROM documents")) == "0"
    assert tool.census(host, native=True) == in_memory
    parked = host.sh(SQL.format("postgres", "SELECT datname FROM pg_database WHERE datname ~ $$_after_$$"))
    assert host.sh(SQL.format(parked, "SELECT count(*) FROM documents")) == "1"
    finished = tool.omnimind(host, "finish", "--yes")
    assert f"database {parked}" in " ".join(finished.stderr.split())
    assert host.sh(SQL.format("postgres", "SELECT count(*) FROM pg_database WHERE datname ~ $$_after_$$")) == "0"
