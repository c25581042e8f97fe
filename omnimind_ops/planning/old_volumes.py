"""Volumes of the old containers, and which of them hold only data that the migration copied. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.old_stack import OldVolume
from omnimind_ops.planning.migration import copies
from omnimind_ops.planning.source import Source

REDIS_DATA = frozenset(
    ("/data", "/bitnami", *(f"/bitnami/{kind}{end}" for kind in ("redis", "valkey") for end in ("", "/data")))
)
"""Where images of Redis and Valkey keep their dump and append-only file.

A volume mounted below or beside it holds something else.
"""


def old_volumes(source: Source, containers: Sequence[Container], goal: Goal) -> tuple[OldVolume, ...]:
    """Return every volume of these containers once; one that several use is moved if any of them has it moved."""
    found: dict[str, OldVolume] = {}
    for container in containers:
        for mount in container.mounts:
            if mount.kind == "volume":
                volume = OldVolume(
                    mount.name, container.service, mount.target, copied_to(source, container, mount, goal)
                )
                if mount.name not in found or volume.copy:
                    found[mount.name] = volume
    return tuple(found.values())


def copied_to(source: Source, container: Container, mount: Mount, goal: Goal) -> str:
    """Return the native folder that holds all of the mount's data; "" if there is none."""
    redis = source.redis
    if redis and container.id == redis.container and redis.way != "empty" and mount.target in REDIS_DATA:
        return goal.redis_dir
    whole = (
        copy.target
        for copy in copies(source, goal)
        if not (copy.backup or copy.only) and _holds(copy.source, mount.source)
    )
    return next(whole, "")


def _holds(copied: str, volume: str) -> bool:
    """Return whether the copied folder is the whole volume. A part of one leaves the rest behind."""
    return bool(copied) and PurePosixPath(volume).is_relative_to(copied)
