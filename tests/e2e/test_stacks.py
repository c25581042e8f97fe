"""Stacks whose volumes and Redis are not plain: driver options, data that is not moved, other limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, USER, boot_sample, wait_for_stack
from tests.hosts.wget import GET

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


SHAPES = f"""
volumes: {{uploads: {{driver: local, {BOUND}}}}}
secrets: {{redis_pass: {{file: ./redis_pass.txt}}}}
services:
  backend:
    image: omnimind_backend
    init: true
    ports: ["8000:8000"]
    volumes: ["uploads:/app/uploads", "./app.sqlite3:/app/app.sqlite3", "./weights:/app/models"]
  qdrant:
    image: qdrant/qdrant:latest
    command: ["./entrypoint.sh", "--config-path", "config/mine.yaml"]
    environment: {{QDRANT__SERVICE__HTTP_PORT: "8333"}}
    ports: ["6333:8333"]
    volumes: ["./q:/qdrant/storage", "./qdrant.yaml:/qdrant/config/mine.yaml"]
  redis:
    image: redis:alpine
    command: ["sh", "-c", 'redis-server --port 6380 --maxmemory 500mb --requirepass "$$(cat /run/secrets/redis_pass)"']
    ports: ["6379:6380"]
    secrets: [redis_pass]
    tmpfs: [/data]
"""


def census_of_shapes(host: Host, *, native: bool) -> dict[str, Any]:
    """What the stores hold, read by the independent script with the passwords of either side."""
    secrets = ("/etc/omnimind/secrets/qdrant.key", "/etc/omnimind/secrets/redis.password")
    key, password = secrets if native else ("/testhost/key", f"{FOLDER}/redis_pass.txt")
    uploads = "/var/lib/omnimind/uploads" if native else STORAGE
    words = ("--uploads", uploads, "--qdrant-key", key, "--redis-password", password)
    found: dict[str, Any] = json.loads(host.run(("python3", "/testhost/census.py", *words), timeout=120).stdout)
    return {
        store: {name: fact for name, fact in facts.items() if not tool.OWN.match(name)}
        for store, facts in found.items()
    }


@pytest.fixture
def shapes(host: Host) -> Iterator[dict[str, Any]]:
    """The stack with other shapes: what it holds."""
    host.sh("docker-compose down", user=USER, cwd=FOLDER)
    host.write(f"{FOLDER}/shapes.yml", SHAPES)
    host.write(f"{FOLDER}/redis_pass.txt", "hush-hush")
    host.write(f"{FOLDER}/qdrant.yaml", "service: {api_key: key-in-file}\nstorage: {wal: {wal_capacity_mb: 16}}\n")
    host.write("/testhost/key", "key-in-file")
    host.write("/testhost/census.py", tool.CENSUS.read_text())
    up = "docker-compose -f shapes.yml up -d --no-build --remove-orphans"
    host.sh(
        f"""
        cp -a data/qdrant /storage/qdrant && ln -s /storage/qdrant q && mkdir weights && echo rows > app.sqlite3
        docker image inspect omnimind_backend >/dev/null 2>&1 || docker tag omnimind-backend omnimind_backend
        {up}
        """,
        cwd=FOLDER,
        timeout=180,
    )
    ask = "docker-compose -f shapes.yml exec -T redis redis-cli -p 6380 -a hush-hush"
    host.wait_for(("bash", "-c", f"cd {FOLDER} && {ask} set far away"), 60, "Redis")
    host.sh(f"{ask} -n 1 rpush queue a b c", cwd=FOLDER)
    host.wait_for(("bash", "-c", f"{GET} http://127.0.0.1:6333/readyz"), 60, "Qdrant")
    yield census_of_shapes(host, native=False)
    host.sh("docker-compose -f shapes.yml down && docker-compose up -d --no-build", cwd=FOLDER, timeout=180)
    wait_for_stack(host)


def test_secrets_inner_ports_links_memory_and_single_files(host: Host, shapes: dict[str, Any]) -> None:
    assert shapes["redis"] and shapes["uploads"] and len(shapes["qdrant"]) > 1
    plan = tool.omnimind(host, *tool.WORDS, "--dry-run").stdout
    said = " ".join(plan.split())
    for text in ("q is a link", "tmpfs", "listens on port 8333", "listens on port 6380", "weights"):
        assert text in said, plan
    tool.migrate(host)
    assert census_of_shapes(host, native=True) == shapes
    assert host.read("/var/lib/omnimind/files/app/app.sqlite3") == "rows\n"
    assert not host.exists("/var/lib/omnimind/uploads/models")
    assert "wal_capacity_mb: 16" in host.read("/etc/qdrant/config.yaml")
    key = host.read("/etc/omnimind/secrets/redis.password").strip()
    assert host.sh(f"REDISCLI_AUTH={key} redis-cli config get maxmemory").split()[-1] == f"{500 * 1024 * 1024}"
    for secret in ("hush-hush", "key-in-file"):
        found = host.run(("grep", "-rlF", secret, "/var/lib/omnimind", "/var/log/omnimind"), check=False).stdout
        assert not found and secret not in said
    tool.omnimind(host, "rollback", "--yes")
    host.wait_for(("bash", "-c", f"{GET} http://127.0.0.1:6333/readyz"), 60, "Qdrant")
    assert census_of_shapes(host, native=False) == shapes, "Redis' folder is in memory: its copy is loaded again"


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
