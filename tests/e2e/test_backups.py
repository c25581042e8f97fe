"""Every backup that a real Qdrant made, restored on one host: migrate, read every point, roll back, the next."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample, wait_for_stack
from tests.hosts.words import Mount
from tests.stores.backup.backups import NAME
from tests.stores.backup.real import REAL, config_of, expected, file_of, reads_rocksdb, shown
from tests.stores.redis.backups import MADE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

KINDS = ("collection", "two shards", "full", "shard", "archive", "storage")
OLD = "made-1.15.5"
MOUNTS = (Mount(REAL, "/testhost/real"), Mount(MADE, "/testhost/redis"))
REDIS = """
export REDISCLI_AUTH=$(cat /etc/omnimind/secrets/redis.password)
redis-cli --raw --scan --pattern 'key *' | wc -l
redis-cli --raw -n 20 get elsewhere
"""
"""Runs on the host: prints how many keys of the backup its Redis holds, and the one in another database."""
READ = """
import json, urllib.request
key = open("/etc/omnimind/secrets/qdrant.key").read().strip()

def ask(path, body=None):
    headers = {"api-key": key, "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://127.0.0.1:6333" + path, data, headers)
    return json.load(urllib.request.urlopen(request, timeout=60))["result"]

def facts(home):
    body = {"limit": 1000, "with_payload": True, "with_vector": True}
    return ask(home + "/points/scroll", body)["points"], list(ask(home)["payload_schema"])

names = [one["name"] for one in ask("/collections")["collections"]]
held = {name: facts("/collections/" + name) for name in names}
print(json.dumps({"aliases": ask("/aliases")["aliases"], "collections": held}))
"""
"""Runs on the host: prints all that its Qdrant holds."""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=300, mounts=[wheelhouse.mount(), *MOUNTS]) as booted:
        tool.place(booted)
        booted.write("/testhost/config.json", json.dumps(config_of("made-1.18.3")))
        for made in ("made-1.18.3", OLD):
            booted.sh(f"mkdir -p /testhost/{made}; tar -C /testhost/{made} -xf /testhost/real/{made}/storage.tar")
        yield booted


def words(made: str, kind: str) -> list[str]:
    """The options for a backup of this kind."""
    if kind == "storage":
        return ["--qdrant-backup", f"/testhost/{made}"]
    options = (
        ["--qdrant-collection", NAME, "--qdrant-collection-config", "/testhost/config.json"] if kind == "shard" else []
    )
    return ["--qdrant-backup", str(Path("/testhost/real") / file_of(made, kind).relative_to(REAL)), *options]


def read(host: Host) -> dict[str, Any]:
    """Every point, index and alias of the native Qdrant."""
    said: dict[str, Any] = json.loads(host.run(("python3", "-c", READ)).stdout)
    points = {name: shown(*facts) for name, facts in said["collections"].items() if name != "omnimind_health"}
    return {"aliases": {one["alias_name"]: one["collection_name"] for one in said["aliases"]}} | points


def started(host: Host) -> list[str]:
    """When each container was started."""
    return sorted(
        host.sh("docker inspect -f '{{.Name}} {{.State.StartedAt}} {{.State.Running}}' $(docker ps -aq)").splitlines()
    )


def migrate(host: Host, made: str, kind: str, *more: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Migrate with this backup, confirmed at once."""
    options = (*tool.WORDS, "--yes", "--no-bench", *words(made, kind), *more)
    return tool.omnimind(host, *options, check=check, timeout=1800)


def restore(host: Host, made: str, kind: str, *more: str) -> None:
    said = migrate(host, made, kind, "--json", *more)
    assert tool.results(said)[-1]["data"]["state"] == "confirmed"
    assert read(host) == expected(kind)
    receipt = json.loads(tool.omnimind(host, "receipt", "--json").stdout.splitlines()[-1])["data"]
    assert receipt["backup"]["second_reader"] == "equal" or kind in ("archive", "storage")
    verified = receipt["verified"]["qdrant"]
    assert verified["source"] == verified["native"]
    assert {name for name in verified["native"]["digests"] if name.startswith("every point of ")} == {
        f"every point of {name}" for name in expected(kind) if name != "aliases"
    }
    if "--redis-backup" in more:
        assert host.sh(REDIS).split() == ["300", "value"]
        assert "301 keys" in said.stdout and "have no checksum" in receipt["redis_backup"]["coverage"]
        redis = receipt["verified"]["redis"]
        assert redis["source"]["counts"]["db 20: keys of type string"] == 1
        assert redis["source"] == redis["native"]
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_real_server_made_is_served_natively_point_by_point(host: Host, kind: str) -> None:
    """With the last, a backup of Redis: a data folder with append-only files and a dump."""
    more = ("--redis-backup", "/testhost/redis/both") if kind == KINDS[-1] else ()
    restore(host, "made-1.18.3", kind, *more)


@pytest.mark.parametrize("kind", ["collection", "storage"])
def test_a_backup_of_the_rocksdb_era_is_asked_of_the_program_before_anything_stops(host: Host, kind: str) -> None:
    if reads_rocksdb():
        restore(host, OLD, kind)
        return
    before = started(host)
    said = migrate(host, OLD, kind, check=False)
    assert said.returncode == 3, said.stderr
    assert "cannot load it" in said.stderr and "RocksDB" in said.stderr and "--qdrant-binary" in said.stderr
    assert started(host) == before
    assert host.sh("ls -A /var/lib/qdrant | grep -E 'incoming$|proof' || true") == ""
    assert host.sh("ls -A /var/lib/qdrant/storage") == ""
