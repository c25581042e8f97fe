"""Addresses and passwords of the old stores in running containers, as this host reaches them."""

from __future__ import annotations

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import docker, old_passwords, qdrant_config, redis_config
from omnimind_ops.observe.address import address
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint


def redis_of(container: Container) -> RedisEndpoint:
    """Return the Redis of a running container."""
    host, port = address(container, redis_config.port(container), docker.container_now)
    return RedisEndpoint(host, port, password=old_passwords.redis_password(container))


def qdrant_of(container: Container) -> QdrantEndpoint:
    """Return the Qdrant of a running container."""
    host, port = address(container, qdrant_config.port(container), docker.container_now)
    shown = f"[{host}]" if ":" in host else host
    return QdrantEndpoint(f"http://{shown}:{port}", old_passwords.qdrant_key(container) or None)
