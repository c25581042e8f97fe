"""Take a host away, with everything in it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from .outside import OutsideError, docker

REMOVAL_SECONDS = 300
"""A busy engine takes a minute to remove a host with a migrated stack in it."""


def remove(name: str) -> None:
    """Remove the host of this name and its volume, whatever state they are in."""
    inner = _inner_containers(name)
    for words in (("rm", "--force", "--volumes", name), ("volume", "rm", "--force", f"{name}-docker")):
        try:
            docker(*words, timeout=REMOVAL_SECONDS)
        except OutsideError as error:
            if "No such" not in str(error):
                raise
    _remove_cgroups(inner)


def _inner_containers(name: str) -> list[str]:
    """The ids of the containers inside a running host, empty where it does not run."""
    try:
        return docker("exec", name, "ls", "/var/lib/docker/containers", timeout=15).split()
    except OutsideError:
        return []


def _remove_cgroups(containers: Sequence[str]) -> None:
    """With the host's own cgroup namespace, its containers' cgroups stand beside the host's: killed with it, they stay
    as empty folders.
    """
    for container in containers:
        for folder in Path("/sys/fs/cgroup").glob(f"*/docker/{container}"):
            with contextlib.suppress(OSError):
                folder.rmdir()
