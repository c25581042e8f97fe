"""Take a host away, with everything in it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .outside import OutsideError, docker

REMOVAL_SECONDS = 300
"""A busy engine takes a minute to remove a host with a migrated stack in it."""


_beside = ThreadPoolExecutor(4, "removal")
_removals: list[Future[None]] = []


def remove(name: str) -> None:
    """Remove the host of this name and its volume, whatever state they are in."""
    _remove(name, _inner_containers(name))


def remove_beside(name: str) -> None:
    """End the host at once, and remove its files (a gigabyte or two) while the caller goes on."""
    inner = _inner_containers(name)
    with contextlib.suppress(OutsideError):  # it may be gone, or may not run
        docker("kill", name)
        docker("wait", name, timeout=REMOVAL_SECONDS)  # what it has mounted is free then
    _removals.append(_beside.submit(_remove, name, inner))


def wait_for_removals() -> None:
    """Wait for all that `remove_beside` began; fails when one of them did."""
    while _removals:
        _removals.pop().result()


def _remove(name: str, inner: Sequence[str]) -> None:
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
