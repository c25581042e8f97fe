"""Docker volumes that are mounted only while a container uses them: those with options, and those of other drivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.volume import Volume
from omnimind_ops.tools import docker
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run


def with_volumes(containers: Iterable[Container]) -> tuple[Container, ...]:
    """Return the containers with what `docker inspect` does not tell of their volumes: where the data really is."""
    containers = tuple(containers)
    volumes = _volumes({mount.name for container in containers for mount in container.mounts if mount.name})
    return tuple(
        replace(container, mounts=tuple(_placed(mount, volumes.get(mount.name)) for mount in container.mounts))
        for container in containers
    )


def _volumes(names: Iterable[str]) -> Mapping[str, Volume]:
    if not (names := sorted(names)):
        return {}
    result = run(docker.inspect_volumes(names), timeout=60, check=False)
    if not result.ok and "no such" not in result.err.lower():  # a volume removed in the meantime is not a failure
        raise Problem(
            "cannot read the volumes",
            main_line(result.err.splitlines()) or f"docker volume inspect ended with {result.code}",
            "see `docker volume ls`",
        )
    return {volume.name: volume for volume in docker.parse_volumes(result.out)}


def _placed(mount: Mount, volume: Volume | None) -> Mount:
    if volume is None or mount.kind != "volume":
        return mount
    return replace(mount, source=volume.folder or mount.source, mounted_by_docker=volume.origin)
