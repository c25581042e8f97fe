"""The server itself: identity, health and metrics."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from omnimind_ops.embedded.qdrant import version
from omnimind_ops.embedded.qdrant.wire import dumps

from .access import route, storage


async def root(_: Request) -> Response:
    """Return title and version; the commit names the actual engine."""
    facts = {"title": "qdrant - vector search engine", "version": version.COMPATIBLE, "commit": version.engine()}
    return Response(dumps(facts), media_type="application/json")


def _says(text: str) -> Any:
    async def health(_: Request) -> Response:
        return PlainTextResponse(text)

    return health


async def metrics(request: Request) -> Response:
    """Return counts in Prometheus' text format."""
    collections = storage(request).collections
    lines = [
        "# HELP app_info information about qdrant server",
        "# TYPE app_info gauge",
        f'app_info{{name="qdrant",version="{version.COMPATIBLE}",commit="{version.engine()}"}} 1',
        "# HELP collections_total number of collections",
        "# TYPE collections_total gauge",
        f"collections_total {len(collections)}",
        "# HELP collection_points approximate amount of points per collection",
        "# TYPE collection_points gauge",
        *(f'collection_points{{id="{name}"}} {c.shards.info().points_count}' for name, c in collections.items()),
    ]
    return PlainTextResponse("\n".join(lines) + "\n")


async def telemetry(request: Request) -> object:
    """Return the telemetry that needs no request counters."""
    result = storage(request)
    app = {"name": "qdrant", "version": version.COMPATIBLE, "commit": version.engine()}
    return {"id": str(result.peer), "app": app, "collections": {"number_of_collections": len(result.collections)}}


async def cluster(_: Request) -> object:
    """Return that clustering is disabled: there is one node."""
    return {"status": "disabled"}


async def issues(_: Request) -> object:
    """Return no issues: the stand-in does not search for any."""
    return {"issues": []}


async def clear_issues(_: Request) -> object:
    """Return True: there are no issues to clear."""
    return True


ROUTES = [
    route("GET", "/", root),
    route("GET", "/healthz", _says("healthz check passed")),
    route("GET", "/livez", _says("healthz check passed")),
    route("GET", "/readyz", _says("all shards are ready")),
    route("GET", "/metrics", metrics),
    route("GET", "/telemetry", telemetry),
    route("GET", "/cluster", cluster),
    route("GET", "/issues", issues),
    route("DELETE", "/issues", clear_issues),
]
