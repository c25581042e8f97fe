"""Which parts can be carried back is known before anything stops, with the reason for those that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from omnimind_ops.model import native
from omnimind_ops.model.carry import StartContainersPayload, StopUnitsPayload
from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import ContainersPayload
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.since import Part
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.carry import Route, plan, redis_version, routes
from omnimind_ops.planning.migration import migrate
from omnimind_ops.planning.source import BackupToRestore, QdrantSource, RedisSource, Source
from omnimind_ops.stores.qdrant.versions import version_problem

GOAL = Goal(qdrant_version="1.12.4")
QDRANT = QdrantSource("q", "http://127.0.0.1:6333", "", "/data/qdrant", "/qdrant/qdrant", "1.12.4")
REDIS = RedisSource("r", "127.0.0.1", 6379, "r", "rdb", "exact")
SOURCE = Source("p", ("q", "r", "b"), ("b",), ("q", "r"), (), ("/data/uploads",), QDRANT, REDIS)
VOLUME = Mount("volume", "/volumes/r/_data", "/data", "v", anonymous=True)


def container(id: str, image: str, *mounts: Mount, env: Mapping[str, str] | None = None) -> Container:
    return Container(id, id, image, "p", id, "/p", (), False, "no", 0, "", "", mounts, env=env or {})


CONTAINERS = {"q": container("q", "qdrant/qdrant:v1.12.4"), "r": container("r", "redis:7.0-alpine", VOLUME)}


def run_of(source: Source, asked: Mapping[str, JSON] | None = None) -> Run:
    steps = migrate(source, GOAL, 10)
    records = tuple(StepRecord(step, Status.DONE) for step in steps.steps)
    return Run("run", steps, RunState.CONFIRMED, {"asked": dict(asked or {})}, "", None, records)


def test_every_part_that_was_moved_can_go() -> None:
    result = routes(run_of(SOURCE), GOAL, CONTAINERS, version_problem)
    assert result == (
        Route(Part.QDRANT, f"{GOAL.qdrant_home}/storage", "/data/qdrant", "q"),
        Route(Part.UPLOADS, GOAL.uploads, "/data/uploads"),
        Route(Part.REDIS, GOAL.redis_dir, "/volumes/r/_data", "r"),
    )


BACKUP = BackupToRestore("/backups/snapshot")
NEWER = replace(QDRANT, binary="", file="/opt/qdrant")
REFUSED = [
    (
        replace(SOURCE, qdrant=replace(QDRANT, backup=BACKUP, storage="")),
        CONTAINERS,
        {},
        "began with /backups/snapshot",
    ),
    (
        replace(SOURCE, qdrant=NEWER),
        {**CONTAINERS, "q": container("q", "qdrant/qdrant:v1.11.0")},
        {},
        "an older version cannot open data of a newer one",
    ),
    (replace(SOURCE, qdrant=NEWER), {**CONTAINERS, "q": container("q", "mine/qdrant")}, {}, "is unknown"),
    (SOURCE, {"r": CONTAINERS["r"]}, {}, "its container is gone"),
    (SOURCE, {**CONTAINERS, "r": container("r", "redis")}, {}, "on no volume and no folder"),
    (replace(SOURCE, redis=replace(REDIS, backup="/b.rdb")), CONTAINERS, {}, "began with /b.rdb"),
    (replace(SOURCE, redis=replace(REDIS, way="empty")), CONTAINERS, {"redis_empty": "True"}, "began empty"),
]


@pytest.mark.parametrize(("source", "containers", "asked", "why"), REFUSED, ids=[row[3] for row in REFUSED])
def test_a_part_that_cannot_go_has_a_reason(
    source: Source, containers: Mapping[str, Container], asked: Mapping[str, JSON], why: str
) -> None:
    result = routes(run_of(source, asked), GOAL, containers, version_problem)
    assert [why in route.why_not for route in result if route.why_not] == [True]
    assert len([route for route in result if not route.why_not]) == 2


def test_a_newer_program_goes_back_to_a_container_that_may_open_its_data() -> None:
    same = {**CONTAINERS, "q": container("q", "qdrant/qdrant:v1.12.4-unprivileged")}
    assert not any(
        route.why_not for route in routes(run_of(replace(SOURCE, qdrant=NEWER)), GOAL, same, version_problem)
    )


def test_writers_stop_first_and_old_writers_never_start() -> None:
    made = plan(routes(run_of(SOURCE), GOAL, CONTAINERS, version_problem), GOAL, "/stage/dump", "/exports/dump")
    ids = [step.id for step in made.steps]
    assert ids == [
        "stop-native-writers",
        "export-postgres",
        "read-native",
        "stop-native-stores",
        "carry-qdrant",
        "carry-uploads-0",
        "park-redis",
        "start-old-stores",
        "load-redis",
        "verify-old",
    ]
    assert made.steps[7].payload(StartContainersPayload).ids == ("q", "r")
    writers = made.steps[0].payload(StopUnitsPayload).units
    assert writers[0] == native.GUARD and set(native.workers(GOAL)) < set(writers)
    assert not any(step.kind == ContainersPayload.kind for step in made.steps)


def test_only_uploads_need_no_store() -> None:
    made = plan([Route(Part.UPLOADS, "/new", "/old", parked="/parked")], GOAL, "/stage/dump", "/exports/dump")
    assert [step.id for step in made.steps] == ["stop-native-writers", "export-postgres", "carry-uploads-0"]


@pytest.mark.parametrize(
    ("image", "env", "version"),
    [
        ("redis:7.0-alpine", {"REDIS_VERSION": "7.0.15"}, ("redis", "7.0.15")),
        ("redis:6", {}, ("redis", "6")),
        ("registry.local:5000/redis", {}, ("redis", "")),
        ("valkey/valkey:9.0.1", {}, ("valkey", "9.0.1")),
        ("redis:alpine", {}, ("redis", "")),
    ],
)
def test_the_version_of_a_stopped_redis(image: str, env: Mapping[str, str], version: tuple[str, str]) -> None:
    assert redis_version(container("r", image, env=env)) == version
