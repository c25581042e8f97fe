"""Which volumes `finish` may delete: those whose whole data the migration copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.old_stack import OldVolume
from omnimind_ops.planning.old_volumes import old_volumes
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from tests.unit.test_migration_plan import QDRANT, REDIS

VOLUMES = "/var/lib/docker/volumes"


def volume(name: str, target: str) -> Mount:
    return Mount("volume", f"{VOLUMES}/{name}/_data", target, name)


def container(identity: str, service: str, *mounts: Mount) -> Container:
    return Container(identity, service, "", "omnimind", service, "", (), True, "no", 1, "", "", mounts)


def stack(qdrant: QdrantSource | None, redis: RedisSource | None, *uploads: str) -> Source:
    return Source("omnimind", (), (), (), (), uploads, qdrant, redis)


STORED = replace(QDRANT, storage=f"{VOLUMES}/points/_data")
OLD_QDRANT = container("q", "qdrant", volume("points", "/qdrant/storage"))
OLD_REDIS = container("r", "redis", volume("0f3a", "/data"))
OLD_BACKEND = container("b", "backend", volume("files", "/app/uploads"))
SOURCE = stack(STORED, REDIS, f"{VOLUMES}/files/_data")


def test_volumes_that_were_copied_whole_say_where_the_copy_is() -> None:
    assert old_volumes(SOURCE, (OLD_QDRANT, OLD_REDIS, OLD_BACKEND), Goal()) == (
        OldVolume("points", "qdrant", "/qdrant/storage", "/var/lib/qdrant/storage"),
        OldVolume("0f3a", "redis", "/data", "/var/lib/redis"),
        OldVolume("files", "backend", "/app/uploads", "/var/lib/omnimind/uploads"),
    )


@pytest.mark.parametrize(
    ("source", "old"),
    [
        (SOURCE, container("p", "db", volume("points-not", "/var/lib/postgresql/data"))),
        (SOURCE, container("r", "redis", volume("conf", "/usr/local/etc/redis"))),
        (SOURCE, container("r", "redis", volume("other", "/database"))),
        (SOURCE, container("r", "redis", volume("inner", "/data/backups"))),
        (SOURCE, container("x", "another-redis", volume("0f3b", "/data"))),
        (replace(SOURCE, redis=replace(REDIS, way="empty")), OLD_REDIS),
        (replace(SOURCE, redis=RedisSource("", "", 0, "", "rdb", "", backup="/b.rdb")), OLD_REDIS),
        (replace(SOURCE, qdrant=replace(QDRANT, storage="")), OLD_QDRANT),
        (replace(SOURCE, qdrant=replace(STORED, storage=f"{STORED.storage}/storage")), OLD_QDRANT),
    ],
    ids=[
        "database",
        "configuration",
        "beside",
        "below",
        "other",
        "left-empty",
        "from-a-backup",
        "backup-instead",
        "part-of-it",
    ],
)
def test_what_was_not_copied_whole_is_kept(source: Source, old: Container) -> None:
    (kept,) = old_volumes(source, (old,), Goal())
    assert kept.copy == ""


def test_a_volume_of_two_containers_is_one() -> None:
    reader = container("w", "worker", volume("0f3a", "/cache"))
    assert old_volumes(SOURCE, (reader, OLD_REDIS), Goal()) == (OldVolume("0f3a", "redis", "/data", "/var/lib/redis"),)


def test_bind_mounts_are_no_volumes() -> None:
    assert old_volumes(SOURCE, (container("b", "backend", Mount("bind", "/srv", "/app")),), Goal()) == ()
