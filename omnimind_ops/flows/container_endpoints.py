"""Addresses at which this host reaches the servers in running containers."""

from __future__ import annotations

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.steps.old_stores import qdrant_of, redis_of
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint


def require_running(container: Container) -> None:
    if not container.running:
        raise Problem(
            f"cannot read {container.name}",
            "the container is not running",
            f"start it: docker start {container.name}; or pass a backup",
        )


def qdrant_endpoint(container: Container) -> QdrantEndpoint:
    require_running(container)
    return qdrant_of(container)


def redis_endpoint(container: Container) -> RedisEndpoint:
    require_running(container)
    return redis_of(container)
