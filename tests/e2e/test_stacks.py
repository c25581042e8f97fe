"""Stacks whose volumes and Redis are not plain: driver options, data that is not moved, other limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, USER, boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
STORAGE = "/storage/uploads"
BOUND = f"driver_opts: {{type: none, o: bind, device: {STORAGE}}}"
DURABLE = "--appendonly yes --appendfsync always --notify-keyspace-events Ex"
IN_MEMORY = "driver_opts: {type: tmpfs, device: tmpfs}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        booted.sh(f"mkdir -p /storage && cp -a {FOLDER}/data/uploads {STORAGE}")
        yield booted


def uploads_on(host: Host, options: str) -> None:
    """Recreate the stack with its uploads on a volume with these options."""
    volumes = f"volumes: {{uploads: {{driver: local, {options}}}}}"
    host.sh(
        f"""
        docker-compose down --volumes
        sed -i '/^volumes:/d; s#- .*:/app/uploads#- uploads:/app/uploads#' docker-compose.yml
        sed -i '1i {volumes}' docker-compose.yml
        docker-compose up -d --no-build
        """,
        user=USER,
        cwd=FOLDER,
        timeout=180,
    )
    wait_for_stack(host)


def test_a_volume_in_memory_is_refused_before_anything_stops(host: Host) -> None:
    uploads_on(host, IN_MEMORY)
    running = host.sh("docker ps -q | sort")
    refused = tool.migrate(host, check=False)
    assert refused.returncode not in (0, 3), refused.stdout + refused.stderr
    assert "(tmpfs tmpfs) is mounted only while its container runs" in refused.stderr
    assert host.sh("docker ps -q | sort") == running


def test_uploads_on_a_bound_volume_are_moved(host: Host) -> None:
    uploads_on(host, BOUND)
    host.sh(
        f"printf %s written-by-the-container > {STORAGE}/late && rm -r {FOLDER}/data/uploads && ln -s {STORAGE} {FOLDER}/data/uploads"
    )
    before = tool.census(host, native=False)
    assert before["uploads"]
    tool.migrate(host)
    assert tool.census(host, native=True) == before
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)
    assert tool.census(host, native=False) == before


@pytest.fixture(scope="module")
def volumes(host: Host) -> tuple[str, str]:
    """The anonymous volumes of another store, which is not moved, and of Redis, in a stack whose Redis is not plain."""
    host.sh(
        "printf '  mongo: {image: python:3.11-slim, command: sleep infinity, volumes: [/data/db]}\\n' > /testhost/mongo"
    )
    command = "redis-server --databases 32 --maxmemory 600mb --maxmemory-policy volatile-lru " + DURABLE
    host.sh(
        f"""
        sed -i '/^services:/r /testhost/mongo' docker-compose.yml
        sed -i 's/    image: redis:alpine/&\\n    command: {command}/' docker-compose.yml
        docker-compose up -d --no-build
        """,
        cwd=FOLDER,
    )
    wait_for_stack(host)
    host.sh("docker-compose exec -T mongo sh -c 'echo precious > /data/db/collection'", cwd=FOLDER)
    mongo, redis = (
        host.sh(
            f"docker inspect $(docker-compose ps -q {service}) --format '{{{{(index .Mounts 0).Name}}}}'", cwd=FOLDER
        )
        for service in ("mongo", "redis")
    )
    return mongo, redis


def test_redis_keeps_its_limits_and_databases(host: Host, volumes: tuple[str, str]) -> None:
    host.sh("docker-compose exec -T redis redis-cli -n 20 set far away", cwd=FOLDER)
    host.sh("docker-compose exec -T redis redis-cli acl setuser guest on '>s3cret' '~guest:*' +get +set", cwd=FOLDER)
    before = tool.census(host, native=False)
    tool.migrate(host)
    assert tool.census(host, native=True) == before
    key = host.read("/etc/omnimind/secrets/redis.password").strip()
    ask = f"REDISCLI_AUTH={key} redis-cli --raw"
    assert host.sh(f"{ask} -n 20 get far") == "away"
    for name, value in (
        ("databases", "32"),
        ("maxmemory", f"{600 * 1024 * 1024}"),
        ("maxmemory-policy", "volatile-lru"),
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("notify-keyspace-events", "xE"),
    ):
        assert host.sh(f"{ask} config get {name}").split() == [name, value]
    assert host.sh("REDISCLI_AUTH=s3cret redis-cli --user guest set guest:1 kept") == "OK"
    host.sh("systemctl kill --signal=KILL redis-server")
    host.wait_for(("bash", "-c", f"{ask} ping"), 30, "Redis")
    assert host.sh(f"{ask} get guest:1") == "kept", "an acknowledged write was lost"


def test_a_file_of_the_user_s_own_is_read_last(host: Host, volumes: tuple[str, str]) -> None:
    own = {
        "/etc/omnimind/redis.d/mine.conf": "timeout 77\n",
        "/etc/omnimind/qdrant.d/mine.yaml": "storage: {wal: {wal_capacity_mb: 8}}\n",
    }
    for path, text in own.items():
        host.write(path, text)
    for _ in range(2):
        tool.omnimind(host, "converge")
        assert {path: host.read(path) for path in own} == own
    key = host.read("/etc/omnimind/secrets/redis.password").strip()
    assert host.sh(f"REDISCLI_AUTH={key} redis-cli --raw config get timeout").split() == ["timeout", "77"]
    assert "wal_capacity_mb: 8" in host.read("/etc/qdrant/config.yaml")


def test_finish_deletes_no_volume_that_was_not_moved(host: Host, volumes: tuple[str, str]) -> None:
    """Another container's anonymous volume holds the only copy of its data."""
    mongo, redis = volumes
    finished = tool.omnimind(host, "finish", "--yes")
    assert f"volume {mongo} (mongo /data/db): it was not moved" in " ".join(finished.stderr.split())
    left = host.sh("docker volume ls -q").split()
    assert mongo in left and redis not in left
    assert host.read(f"/var/lib/docker/volumes/{mongo}/_data/collection") == "precious\n"
    assert host.sh("docker ps -aq") == ""
    assert host.exists(STORAGE), "a volume's bound folder is the person's own"
