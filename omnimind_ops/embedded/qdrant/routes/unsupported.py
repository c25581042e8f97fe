"""What the real server's API has and this stand-in has not: answered with 501 and words, so that nobody looks for a typing mistake."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute

from omnimind_ops.embedded.qdrant.errors import unsupported

from .access import route

_COLLECTION = "/collections/{name}"
_FEATURES = {
    "adding or removing vectors of a collection": [(method, f"{_COLLECTION}/vectors/{{vector}}") for method in ("PUT", "DELETE")],
    "shard keys": [("PUT", f"{_COLLECTION}/shards"), ("POST", f"{_COLLECTION}/shards/delete"), ("GET", f"{_COLLECTION}/shards")],
    "a cluster": [
        ("POST", f"{_COLLECTION}/cluster"),
        ("POST", "/cluster/recover"),
        ("DELETE", "/cluster/peer/{peer}"),
        ("GET", "/cluster/telemetry"),
    ],
    "progress of optimizations (there are none while the server runs)": [("GET", f"{_COLLECTION}/optimizations")],
    "quotas": [("GET", "/quotas")],
}


def _refusal(method: str, path: str, feature: str) -> BaseRoute:
    async def refuse(_: Request) -> object:
        raise unsupported(feature)

    return route(method, path, refuse)


ROUTES = [_refusal(method, path, feature) for feature, ways in _FEATURES.items() for method, path in ways]
