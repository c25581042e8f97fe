"""Routes of a cluster, answered as a single node does, and routes that this stand-in lacks.

The latter return 501 with a message, so that nobody suspects a typing error.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute

from omnimind_ops.embedded.qdrant.errors import bad_request, unsupported

from .access import name, route, storage

_COLLECTION = "/collections/{name}"
_CLUSTERED = [
    ("PUT", f"{_COLLECTION}/shards"),
    ("POST", f"{_COLLECTION}/shards/delete"),
    ("POST", f"{_COLLECTION}/cluster"),
]
_LACKING = {
    "partial snapshots": [
        ("POST", f"{_COLLECTION}/shards/{{shard}}/snapshot/partial/{kind}")
        for kind in ("create", "recover", "recover_from")
    ],
    "debugging": [
        ("GET", "/stacktrace"),
        ("GET", "/logger"),
        ("POST", "/logger"),
        ("GET", "/debugger"),
        ("PATCH", "/debugger"),
    ],
    "the profiler": [("GET", "/profiler/slow_requests")],
    "telemetry of a cluster": [("GET", "/cluster/telemetry")],
    "metadata of a cluster": [("GET", "/cluster/metadata/keys")],
}


async def _alone(request: Request) -> object:
    name(request)
    raise bad_request("Distributed mode disabled")


async def remove_peer(request: Request) -> object:
    """Refuse: there is no other node, and this one cannot be removed while it has collections."""
    peer, result = request.path_params["peer"], storage(request)
    if request.query_params.get("force") != "true" and peer == str(result.peer) and result.collections:
        raise bad_request(f"Cannot remove peer {peer} as there are shards on it")
    raise bad_request("Distributed mode disabled.")


async def shard_keys(request: Request) -> object:
    """Return no shard keys: collections use automatic sharding."""
    storage(request).resolve(name(request))
    return {}


async def optimizations(request: Request) -> object:
    """Return no optimizations: none run while the server runs."""
    segments = storage(request).resolve(name(request)).shards.info().segments_count
    summary = {"queued_optimizations": 0, "queued_segments": 0, "queued_points": 0, "idle_segments": segments}
    return {"summary": summary, "running": []}


def _refusal(method: str, path: str, feature: str) -> BaseRoute:
    async def refuse(_: Request) -> object:
        raise unsupported(feature)

    return route(method, path, refuse)


ROUTES = [
    *(route(method, path, _alone) for method, path in _CLUSTERED),
    route("DELETE", "/cluster/peer/{peer}", remove_peer),
    route("GET", f"{_COLLECTION}/shards", shard_keys),
    route("GET", f"{_COLLECTION}/optimizations", optimizations),
    *(_refusal(method, path, feature) for feature, ways in _LACKING.items() for method, path in ways),
]
