"""Use case: ask the old stores, while they run, what the checks outside-writers, redis and qdrant must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import docker
from omnimind_ops.observe.clients import outside_clients
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fence import find_inside, shares_network
from omnimind_ops.stores.qdrant.fingerprint import strict_collections
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.readable import obstacles

PORTS = {"qdrant": (6333, 6334), "redis": (6379,)}
KEY = "QDRANT__SERVICE__API_KEY"


@dataclass(frozen=True)
class StoreState:
    """What the running stores say; fields as in Needs."""

    outside_writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redis_obstacles: tuple[tuple[str, str], ...] = ()
    qdrant_unfenced: str = ""
    strict_collections: tuple[str, ...] = ()


def store_state(source: Source) -> StoreState:
    """Return the state of the stores whose data is moved from a running container."""
    everyone = {container.id: container for container in docker.containers()}
    qdrant = source.qdrant if source.qdrant and source.qdrant.container and not source.qdrant.backup else None
    redis = source.redis if source.redis and source.redis.container and source.redis.port else None
    moved = {
        "qdrant": everyone.get(qdrant.container) if qdrant else None,
        "redis": everyone.get(redis.container) if redis else None,
    }
    return StoreState(
        {
            name: outside_clients(container, PORTS[name], tuple(everyone.values()))
            for name, container in moved.items()
            if container
        },
        _redis(redis) if redis else (),
        _unfenced(moved["qdrant"]) if moved["qdrant"] else "",
        _strict(qdrant, moved["qdrant"]) if qdrant and moved["qdrant"] else (),
    )


def _redis(source: RedisSource) -> tuple[tuple[str, str], ...]:
    password = docker.redis_password(source.password_of) if source.password_of else ""
    return obstacles(RedisEndpoint(source.host, source.port, password=password), save_first=source.save_first)


def _unfenced(container: Container) -> str:
    if shares_network(container):
        return "its container shares another network"
    inside = find_inside(container.pid, int(container.env.get("QDRANT__SERVICE__HTTP_PORT") or 6333), _key(container))
    return "" if inside else "it does not answer at its own loopback address, or omnimind does not run as root"


def _strict(source: QdrantSource, container: Container) -> tuple[str, ...]:
    return strict_collections(QdrantEndpoint(source.url, _key(container) or None))


def _key(container: Container) -> str:
    return container.env.get(KEY, "")
