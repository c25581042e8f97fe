"""A Qdrant that runs otherwise than its image starts it: another port, a cluster, gRPC. Read-only."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import qdrant_config
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.facts import ClusterFacts, cluster


def notes(container: Container, endpoint: QdrantEndpoint, *, moves: bool) -> Iterator[str]:
    """Yield what the person should know; raise Problem if data `moves` and this node holds only a part of it."""
    port = qdrant_config.port(container)
    if port != qdrant_config.PORT:
        yield f"the old Qdrant listens on port {port} inside {container.name}"
    if qdrant_config.is_on(qdrant_config.config(container).get("cluster.enabled", "")):
        facts = cluster(endpoint)
        if moves:
            refuse_peers(container.name, facts)
        if facts.enabled:
            yield "the old Qdrant runs in cluster mode as its only node; the native one runs with cluster mode off"


def refuse_peers(name: str, facts: ClusterFacts) -> None:
    """Raise Problem for a node with peers: alone, it lacks their shards, and refuses writes to shards it shared."""
    if len(facts.peers) <= 1 and not facts.spread:
        return
    shared = f"; shards of {', '.join(facts.spread)} are on other nodes" if facts.spread else ""
    raise Problem(
        f"cannot move the Qdrant in {name}",
        f"it is one of {max(2, len(facts.peers))} nodes of a cluster{shared}. "
        "A node that is taken out of its cluster lacks the others' data, and refuses writes",
        "move all shards to this node, drop their other replicas and remove the other peers, then run the same "
        "command again; or pass --qdrant-backup FILE of each collection",
    )
