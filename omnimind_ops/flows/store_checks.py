"""Use case: ask the old stores, while they run, what the checks outside-writers, redis and qdrant must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.flows.store_logins import Logins
from omnimind_ops.model.facts import Container
from omnimind_ops.observe import docker, qdrant_config, redis_config
from omnimind_ops.observe.clients import outside_clients
from omnimind_ops.planning.source import RedisSource, Source
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fence import find_inside, shares_network
from omnimind_ops.stores.qdrant.fingerprint import strict_collections
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.readable import obstacles

GRPC = 6334


@dataclass(frozen=True)
class StoreState:
    """What the running stores say; fields as in Needs."""

    outside_writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redis_obstacles: tuple[tuple[str, str], ...] = ()
    qdrant_unfenced: str = ""
    strict_collections: tuple[str, ...] = ()


def store_state(source: Source, logins: Logins) -> StoreState:
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
            name: outside_clients(container, _ports(name, container), tuple(everyone.values()))
            for name, container in moved.items()
            if container
        },
        _redis(redis, logins.redis) if redis and logins.redis else (),
        _unfenced(moved["qdrant"], logins.qdrant) if moved["qdrant"] and logins.qdrant else "",
        strict_collections(logins.qdrant) if qdrant and logins.qdrant else (),
    )


def _ports(store: str, container: Container) -> tuple[int, ...]:
    """Return the ports on which a store listens in its container."""
    if store == "redis":
        return (redis_config.port(container),)
    grpc = qdrant_config.config(container).get("service.grpc_port", "")
    return qdrant_config.port(container), int(grpc) if grpc.isdigit() else GRPC


def _redis(source: RedisSource, endpoint: RedisEndpoint) -> tuple[tuple[str, str], ...]:
    return obstacles(endpoint, save_first=source.save_first)


def _unfenced(container: Container, endpoint: QdrantEndpoint) -> str:
    if shares_network(container):
        return "its container shares another network"
    inside = find_inside(container.pid, qdrant_config.port(container), endpoint.api_key or "")
    return "" if inside else "it does not answer at its own loopback address, or omnimind does not run as root"
