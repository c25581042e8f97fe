"""What the engine says of containers, asked patiently: an engine that is being restarted answers again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from omnimind_ops.model.facts import Container
from omnimind_ops.model.notes import ContainerState
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import docker
from omnimind_ops.tools.docker import inspect, parse_inspect
from omnimind_ops.tools.shell import run

PID_FILES = (Path("/run/docker.pid"), Path("/run/snap.docker/docker.pid"))
ENGINE_SECONDS = 30.0
"""A dockerd that is being restarted answers again within this time."""


def engine_start() -> str:
    """Return when the engine was started, "" when that is unknown; another text is another process."""
    for file in PID_FILES:
        try:
            return str(file.stat().st_mtime_ns)
        except OSError:
            continue
    return ""


def wait_for_engine(seconds: float = ENGINE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
    """Return when the engine answers; raise Problem if it does not."""
    until = clock() + seconds
    while reason := docker.version()[1]:
        if clock() >= until:
            raise Problem(
                "cannot ask the container engine",
                reason,
                "start Docker (systemctl start docker), then run `omnimind rollback`",
            )
        time.sleep(0.5)


def look(ids: Iterable[str]) -> dict[str, Container]:
    """Return those of the containers that exist, by ID."""
    wanted = tuple(ids)
    if not wanted:
        return {}
    for _ in range(3):
        wait_for_engine()
        answer = run(inspect(wanted), timeout=60, check=False)
        if answer.ok or "no such" in answer.err.lower():
            return {container.id: container for container in parse_inspect(answer.out)}
    raise Problem(
        "cannot read the containers", answer.err.strip() or f"docker inspect exited with {answer.code}", "see docker ps"
    )


def state_of(container: Container) -> ContainerState:
    """Return a container's state as it is noted."""
    status = container.state or ("running" if container.running else "exited")
    return ContainerState(status, container.restart_policy, container.health, container.started)
