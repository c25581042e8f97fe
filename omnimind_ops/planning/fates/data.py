"""The fate of data: volumes, folders and files that are mounted, and folders in memory. Pure.

A volume or a path has one fate, however many containers use it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.planning.fates.stack import Stack, service_of
from omnimind_ops.planning.migration import Copy, copies
from omnimind_ops.planning.old_volumes import REDIS_DATA, copied_to

COMPARED = {
    "qdrant": "settings and points by collection (of over 20,000 points, a sample)",
    "redis": "every key, by type, with its expiry",
}
TREE = "every file: content, owner, mode, time"
OF_THE_HOST = ("/var/run", "/run", "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/proc", "/sys", "/dev")
"""Mounts that belong to the host and hold no data of the project."""
Use = tuple[Container, Mount]
Verdict = tuple[Fate, str, str, str]
"""Fate, to, compared, why."""


def data_items(stack: Stack) -> Iterator[Item]:
    """Yield every volume, bind and folder in memory of the project's containers."""
    uses: dict[tuple[Kind, str], list[Use]] = defaultdict(list)
    for container in stack.project.containers:
        for mount in container.mounts:
            uses[origin(stack, mount)].append((container, mount))
    for (kind, name), users in uses.items():
        fate, to, compared, why = _fate(stack, kind, users)
        services = ", ".join(dict.fromkeys(service_of(container) for container, _ in users))
        size = stack.sizes.get(users[0][1].source, 0)
        yield Item(kind, services, name, fate, to, compared, why, size=size)
    for container in stack.project.containers:
        yield from _in_memory(stack, container)
    yield from _in_the_container(stack)


def origin(stack: Stack, mount: Mount) -> tuple[Kind, str]:
    """Return what is mounted: its kind, and the volume's name or the path."""
    if mount.kind == "volume":
        return Kind.VOLUME, mount.name
    return (Kind.FILE if mount.source in stack.files else Kind.FOLDER), mount.source


def _fate(stack: Stack, kind: Kind, users: list[Use]) -> Verdict:
    """Return the fate that most concerns the data: moved, still in use, replaced, kept."""
    verdicts = [_of_use(stack, kind, container, mount) for container, mount in users]
    staying = [service_of(container) for container, _ in users if stack.stays(container)]
    order = (Fate.MOVED, Fate.BESIDE, Fate.LOST, Fate.REPLACED, Fate.STOPPED, Fate.UNNEEDED)
    fate, to, compared, why = min(verdicts, key=lambda verdict: order.index(verdict[0]))
    if fate is Fate.MOVED and staying:
        why = f"{', '.join(staying)} keeps using the old one, which does not change with the copy"
    return fate, to, compared, why


def _of_use(stack: Stack, kind: Kind, container: Container, mount: Mount) -> Verdict:
    role = stack.role(container)
    if stack.stays(container):
        return Fate.BESIDE, "", "", ""
    if moved := _moved(stack, role, container, mount):
        return moved
    if any(PurePosixPath(mount.source).is_relative_to(path) for path in OF_THE_HOST):
        return Fate.UNNEEDED, "", "", "it belongs to the host"
    if (replaced := _configuration(role, mount)) is not None:
        return replaced
    return Fate.STOPPED, "", "", _kept(stack, role, kind, mount)


def _moved(stack: Stack, role: str, container: Container, mount: Mount) -> Verdict | None:
    mount = replace(mount, source=stack.links.get(mount.source, mount.source))
    path = PurePosixPath(mount.source)
    to = copied_to(stack.source, container, mount, stack.goal)
    if to:
        return Fate.MOVED, to, COMPARED.get(role, TREE), ""
    every = copies(stack.source, stack.goal)
    if single := next(
        (c for c in every if path.parent == PurePosixPath(c.source) and path.name in (c.only or ())), None
    ):
        return Fate.MOVED, f"{single.target}/{path.name}", TREE, ""
    part = next((copy for copy in every if _is_inside(copy, mount)), None)
    if part and role == "qdrant":
        inside = PurePosixPath(part.source).relative_to(mount.source)
        return Fate.MOVED, part.target, COMPARED["qdrant"], f"only {inside}; the rest stays where it is"
    return None


def _is_inside(copy: Copy, mount: Mount) -> bool:
    return bool(copy.source) and not copy.backup and PurePosixPath(copy.source).is_relative_to(mount.source)


def _configuration(role: str, mount: Mount) -> Verdict | None:
    """Return the fate of a settings file or folder of a store."""
    if role == "qdrant" and PurePosixPath(mount.target).is_relative_to("/qdrant/config"):
        why = "its storage settings are carried; an API key becomes a key of this host; the rest is not read"
        return Fate.REPLACED, "/etc/qdrant/config.yaml", "", why
    if role and mount.target.startswith("/run/secrets/"):
        return Fate.REPLACED, "/etc/omnimind/secrets", "", "passwords and keys are generated for this host"
    if role == "redis" and mount.target.endswith(".conf"):
        why = "memory, eviction, persistence, databases and events are carried from the running server; the rest is not"
        return Fate.REPLACED, "/etc/redis/omnimind.conf", "", why
    return None


def _kept(stack: Stack, role: str, kind: Kind, mount: Mount) -> str:
    """Return why data stays where it is and is not moved."""
    source = stack.source
    if role == "qdrant" and source.qdrant and source.qdrant.backup:
        return "not moved: Qdrant's data comes from the backup"
    if role == "redis" and source.redis and (source.redis.way == "empty" or source.redis.backup):
        return "not moved: Redis starts " + ("empty" if source.redis.way == "empty" else "from the backup")
    if role == "qdrant" and "snapshots" in PurePosixPath(mount.target).parts:
        return f"old snapshots are not copied; copy them to {stack.goal.qdrant_home}/snapshots if you need them"
    if role == "postgres":
        return "PostgreSQL's data is not moved: pg_dump it from the container and restore it"
    if kind is Kind.FILE:
        return "a single file is not moved: no native service reads it"
    if PurePosixPath(stack.project.working_dir or "/-").is_relative_to(mount.source):
        return "it contains the Compose file: it is treated as code and not moved"
    if not mount.writable:
        return "the container only read it; no native service does"
    return "not moved: no native service reads it"


def _in_memory(stack: Stack, container: Container) -> Iterator[Item]:
    for path in container.tmpfs:
        name, redis = f"{path} (in memory)", stack.source.redis
        fate, to, compared, why = Fate.UNNEEDED, "", "", "its content ends with its container"
        if stack.stays(container):
            fate, why = Fate.BESIDE, ""
        elif stack.role(container) == "redis" and path in REDIS_DATA and redis and redis.way != "empty":
            fate, to, compared = Fate.MOVED, stack.goal.redis_dir, COMPARED["redis"]
            why = "the old container keeps its data in memory only: it comes back empty after a rollback"
        yield Item(Kind.FOLDER, service_of(container), name, fate, to, compared, why, container.name)


def _in_the_container(stack: Stack) -> Iterator[Item]:
    """Yield Redis' data if it is in no mount: then only the container has it."""
    redis = stack.source.redis
    container = next((c for c in stack.project.containers if redis and c.id == redis.container), None)
    if not redis or not container or redis.way == "empty" or redis.backup:
        return
    if any(mount.target in REDIS_DATA for mount in container.mounts) or REDIS_DATA & set(container.tmpfs):
        return
    name = "keys (inside the container)"
    to, how = stack.goal.redis_dir, COMPARED["redis"]
    yield Item(Kind.VOLUME, service_of(container), name, Fate.MOVED, to, how, container=container.name)
