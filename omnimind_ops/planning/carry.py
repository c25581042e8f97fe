"""Which parts of the native data can be carried back into the old stores, and the steps that do it.

Pure: the run and what is known of the old containers go in. Start at routes() and plan().
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from omnimind_ops.model import codec, native
from omnimind_ops.model.carry import (
    CarryFolderPayload,
    ExportPayload,
    LoadRedisPayload,
    ParkRedisPayload,
    ReadNativePayload,
    StartContainersPayload,
    StopUnitsPayload,
    VerifyOldPayload,
)
from omnimind_ops.model.facts import Container
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import (
    CopyPayload,
    Pass,
    Payload,
    ProgramPayload,
    ProveRedisBackupPayload,
    RedisPayload,
)
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.since import Part
from omnimind_ops.planning.old_volumes import REDIS_DATA

VersionProblem = Callable[[str, str], Problem | None]
"""Why a Qdrant of the second version may not open what the first one wrote, None if it may."""
NAME = "carry"
OWN_COLLECTION = "collections/omnimind_health"
"""OmniMind's health checks write it; the old store had none."""


@dataclass(frozen=True)
class Route:
    """The way of one part: its native folder and the old one ("" for none), and the old container that serves it.

    `why_not` says why it cannot go, "" if it can. `parked` is where the old data goes, once that is known.
    """

    part: Part
    native: str
    old: str
    container: str = ""
    why_not: str = ""
    parked: str = ""


@dataclass(frozen=True)
class _Setup:
    """The options of `migrate`, as a run's setup records them."""

    asked: Mapping[str, JSON]


def routes(
    run: Run, goal: Goal, containers: Mapping[str, Container], version_problem: VersionProblem
) -> tuple[Route, ...]:
    """Return the way of every part that was moved. `containers`: old ID → the container that stands for it now."""
    moved = [
        record.step.payload(CopyPayload)
        for record in run.steps
        if record.step.kind == CopyPayload.kind and record.step.payload(CopyPayload).pass_ is Pass.FINAL
    ]
    moved = [copy for copy in moved if not copy.only]  # the folder's other files are not omnimind's
    storage = f"{goal.qdrant_home}/storage"
    uploads = [Route(Part.UPLOADS, copy.target, copy.source) for copy in moved if copy.target != storage]
    qdrant = [_qdrant(run, goal, copy, containers, version_problem) for copy in moved if copy.target == storage]
    return (*qdrant, *uploads, *_redis(run, goal, containers))


def _qdrant(
    run: Run, goal: Goal, copy: CopyPayload, containers: Mapping[str, Container], version_problem: VersionProblem
) -> Route:
    record = run.record("take-qdrant")
    program = record.step.payload(ProgramPayload) if record else None
    route = Route(Part.QDRANT, copy.target, copy.source, program.container if program else "")
    container = containers.get(route.container)
    if copy.backup:
        return replace(route, why_not=f"the native Qdrant began with {copy.backup}, not with the container's data")
    if container is None:
        return replace(route, why_not="its container is gone")
    if program and program.file:  # else the native program is the container's own
        problem = version_problem(goal.qdrant_version, _tag(container.image))
        return replace(route, why_not=f"{problem.what}: {problem.why}" if problem else "")
    return route


def _redis(run: Run, goal: Goal, containers: Mapping[str, Container]) -> tuple[Route, ...]:
    record = run.record("take-redis")
    if loaded := run.record("prove-redis-backup"):
        backup = loaded.step.payload(ProveRedisBackupPayload).backup
        why = f"the native Redis began with {backup}, not with the container's data"
        return (Route(Part.REDIS, goal.redis_dir, "", why_not=why),)
    if record is None:
        setup = codec.read(_Setup, {"asked": run.setup.get("asked", {})}, f"start of run {run.id}")
        why = "the native Redis began empty, as requested"
        is_empty = setup.asked.get("redis_empty") == "True"
        return (Route(Part.REDIS, goal.redis_dir, "", why_not=why),) if is_empty else ()
    payload = record.step.payload(RedisPayload)
    route = Route(Part.REDIS, goal.redis_dir, "", payload.password_of)
    container = containers.get(payload.password_of)
    if payload.backup:
        return (replace(route, why_not=f"the native Redis began with {payload.backup}, not with the container's data"),)
    if container is None:
        return (replace(route, why_not="its container is gone"),)
    mount = next((mount for mount in container.mounts if mount.target in REDIS_DATA), None)
    if mount is None or mount.mounted_by_docker:
        why = "its data is on no volume and no folder of this host, so it cannot be set aside before it is replaced"
        return (replace(route, why_not=why),)
    return (replace(route, old=mount.source),)


def redis_version(container: Container) -> tuple[str, str]:
    """Return kind and version of a Redis container from its environment or its tag; "" for an unknown version."""
    kind = "valkey" if "valkey" in container.image else "redis"
    return kind, container.env.get(f"{kind.upper()}_VERSION", "") or _tag(container.image)


def plan(chosen: Sequence[Route], goal: Goal, dump: str, export: str) -> Plan:
    """Return the steps: fence the native writers, read, carry, serve the old stores, compare.

    Undone newest first, they leave the old data as it was and the native services running.
    """
    parts, by_part = {route.part for route in chosen}, {route.part: route for route in chosen}
    redis, qdrant = by_part.get(Part.REDIS), by_part.get(Part.QDRANT)
    stores = tuple(unit for part, unit in ((Part.REDIS, native.REDIS), (Part.QDRANT, native.QDRANT)) if part in parts)
    writers = (native.GUARD, *native.sockets(goal), *native.workers(goal))
    steps = [
        _step("stop-native-writers", StopUnitsPayload(writers), "stop the native services that write"),
        _step(
            "export-postgres",
            ExportPayload(goal.postgres_port, goal.database, export),
            f"export PostgreSQL to {export}",
        ),
    ]
    if stores:
        payload = ReadNativePayload(qdrant is not None, dump if redis else "")
        steps.append(_step("read-native", payload, "record the content of the native stores"))
        steps.append(_step("stop-native-stores", StopUnitsPayload(stores), "stop the native stores"))
    steps += _folders(chosen)
    if redis:
        park = ParkRedisPayload(redis.old, redis.parked)
        steps.append(_step("park-redis", park, f"set the old Redis' data aside in {redis.parked}"))
    if stores:
        ids = tuple(route.container for route in (qdrant, redis) if route)
        steps.append(
            _step("start-old-stores", StartContainersPayload(ids), "start the old stores, without their writers")
        )
    if redis:
        steps.append(_step("load-redis", LoadRedisPayload(redis.container, dump), "copy the keys into the old Redis"))
    if stores:
        compared = VerifyOldPayload(qdrant.container if qdrant else "", redis.container if redis else "")
        steps.append(_step("verify-old", compared, "compare the old stores with the native ones"))
    return Plan(NAME, tuple(steps))


def _folders(chosen: Collection[Route]) -> list[Step]:
    steps, number = [], 0
    for route in chosen:
        if route.part is Part.REDIS:
            continue
        is_qdrant = route.part is Part.QDRANT
        name = "carry-qdrant" if is_qdrant else f"carry-uploads-{number}"
        number += not is_qdrant
        payload = CarryFolderPayload(
            route.native, route.old, route.parked, (OWN_COLLECTION,) if is_qdrant else (), whole=is_qdrant
        )
        steps.append(_step(name, payload, f"bring the changes of {route.native} into {route.old}, and compare"))
    return steps


def _step(id: str, payload: Payload, title: str) -> Step:
    return Step.of(id, payload, title, Undo.YES, "carry")


def _tag(image: str) -> str:
    """Return the version in an image's tag: "1.9.0" of "qdrant/qdrant:v1.9.0-unprivileged", "" without one."""
    match = re.search(r":v?(\d+(?:\.\d+)*)[^:/]*$", image)
    return match[1] if match else ""
