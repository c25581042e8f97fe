"""Questions about points. Each runs in a thread, so that a long one leaves the server able to answer others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import json_errors, not_found
from omnimind_ops.embedded.qdrant.storage.groups import query_groups
from omnimind_ops.embedded.qdrant.storage.reads import Reader
from omnimind_ops.embedded.qdrant.wire import body

from .access import reader, route, thread


def ask(question: Callable[[Reader, Any], Any]) -> Callable[[Request], Awaitable[Any]]:
    """A handler for one question."""

    async def handler(request: Request) -> Any:
        asked = await body(request)
        return await thread(question, reader(request), asked)

    return handler


def _retrieve(found: Reader, asked: Any) -> Any:
    with json_errors():
        ids = asked["ids"]
    return found.retrieve(ids, asked.get("with_payload"), asked.get("with_vector", asked.get("with_vectors")))


def _many(question: Callable[[Reader, Any], Any]) -> Callable[[Reader, Any], Any]:
    def run(found: Reader, asked: Any) -> Any:
        with json_errors():
            searches = asked["searches"]
        return [question(found, search) for search in searches]

    return run


async def one(request: Request) -> Any:
    """One point with everything it has."""
    text = request.path_params["id"]
    found = await thread(reader(request).retrieve, [int(text) if text.isdigit() else text], True, True)
    if not found:
        raise not_found(f"Point with id {text} does not exists!")
    return found[0]


def _query(found: Reader, asked: Any) -> Any:
    return {"points": found.query(asked)}


_POINTS = "/collections/{name}/points"

ROUTES = [
    route("POST", _POINTS, ask(_retrieve)),
    route("POST", f"{_POINTS}/query", ask(_query)),
    route("POST", f"{_POINTS}/query/batch", ask(_many(_query))),
    route("POST", f"{_POINTS}/query/groups", ask(query_groups)),
    route("POST", f"{_POINTS}/search", ask(Reader.search)),
    route("POST", f"{_POINTS}/search/batch", ask(_many(Reader.search))),
    route("POST", f"{_POINTS}/recommend", ask(Reader.recommend)),
    route("POST", f"{_POINTS}/scroll", ask(Reader.scroll)),
    route("POST", f"{_POINTS}/count", ask(Reader.count)),
    route("POST", "/collections/{name}/facet", ask(Reader.facet)),
    route("GET", f"{_POINTS}/{{id}}", one),
]
