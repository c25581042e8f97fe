"""Use case: the fates of everything in and around the project of a discovery; reads the engine and the folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.flows.discover import Discovery
from omnimind_ops.observe import docker
from omnimind_ops.planning.fates import Stack
from omnimind_ops.planning.migration import copies


def stack_of(found: Discovery, space: Mapping[str, int]) -> Stack:
    """Return what the fates are derived from; `space` is what copies take, in bytes by target."""
    mounts = {m.source for c in found.project.containers for m in c.mounts if m.source}
    return Stack(
        found.project,
        found.source,
        found.goal,
        found.roles,
        found.others,
        docker.image_environments(container.image_id for container in found.project.containers),
        _sizes(found, space),
        frozenset(source for source in mounts if Path(source).exists() and not Path(source).is_dir()),
        {source: real for source in mounts if (real := os.path.realpath(source)) != source},
    )


def _sizes(found: Discovery, space: Mapping[str, int]) -> Mapping[str, int]:
    """Return the bytes of what is copied, by the path of its source."""
    source = found.source
    sizes = {
        copy.source: space.get(copy.target, 0) for copy in copies(source, found.goal) if copy.source and not copy.backup
    }
    redis = source.redis
    if redis and redis.data:
        mounts = (m for c in found.project.containers if c.id == redis.container for m in c.mounts)
        sizes |= {mount.source: redis.data for mount in mounts if mount.target == "/data"}
    return sizes
