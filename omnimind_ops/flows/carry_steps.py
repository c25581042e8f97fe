"""The handlers of the steps that carry data back; see flows/carry.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omnimind_ops.credentials import Credentials
from omnimind_ops.flows.container_endpoints import qdrant_endpoint, redis_endpoint
from omnimind_ops.model.facts import Container
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Handler
from omnimind_ops.observe import docker
from omnimind_ops.steps.carry_folder import CarryFolderStep
from omnimind_ops.steps.carry_redis import LoadRedisStep, ParkRedisStep
from omnimind_ops.steps.export import ExportStep
from omnimind_ops.steps.read_native import ReadNativeStep
from omnimind_ops.steps.start_containers import StartContainersStep
from omnimind_ops.steps.stop_units import StopUnitsStep
from omnimind_ops.steps.verify_old import VerifyOldStep
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint


def carry_steps(
    goal: Goal, secrets: Callable[[], Credentials], current: Callable[[str], str]
) -> tuple[Handler[Any, Any], ...]:
    """Return one handler of each kind; `current`: the ID of the container that stands for an old one."""

    def redis(container: str) -> RedisEndpoint:
        return redis_endpoint(_running(current(container)))

    def qdrant(container: str) -> QdrantEndpoint:
        return qdrant_endpoint(_running(current(container)))

    return (
        StopUnitsStep(),
        ExportStep(),
        ReadNativeStep(goal, secrets),
        CarryFolderStep(),
        ParkRedisStep(),
        StartContainersStep(current),
        LoadRedisStep(redis),
        VerifyOldStep(qdrant, redis),
    )


def _running(id: str) -> Container:
    """Return the container with that ID; Problem when there is none."""
    container = next((container for container in docker.containers() if container.id == id), None)
    if container is None:
        raise Problem(f"cannot reach container {id[:12]}", "it was removed", "see `docker ps -a`")
    return container
