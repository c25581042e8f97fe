"""Questions about points. Each runs in a thread, so that a long one leaves the server able to answer others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import not_found, wrong_input
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.requests import queries as types
from omnimind_ops.embedded.qdrant.requests.body import Request as BodyType
from omnimind_ops.embedded.qdrant.requests.values import is_uuid
from omnimind_ops.embedded.qdrant.storage import matrix
from omnimind_ops.embedded.qdrant.storage.groups import query_groups
from omnimind_ops.embedded.qdrant.storage.reads import Reader

from .access import body, name, parameters, reader, route, thread


def ask(question: Callable[[Reader, Any], Any], kind: BodyType) -> Callable[[Request], Awaitable[Any]]:
    """A handler for one question."""

    async def handler(request: Request) -> Any:
        name(request)
        asked = await body(request, kind)
        parameters(request, kinds.READ)
        return await thread(question, reader(request), asked)

    return handler


def _retrieve(found: Reader, asked: Any) -> Any:
    return found.retrieve(asked["ids"], asked.get("with_payload"), asked.get("with_vector", asked.get("with_vectors")))


def _many(question: Callable[[Reader, Any], Any]) -> Callable[[Reader, Any], Any]:
    return lambda found, asked: [question(found, search) for search in asked["searches"]]


async def one(request: Request) -> Any:
    """One point with everything it has."""
    text = request.path_params["id"]
    parameters(request, kinds.READ)
    if not text.isdigit() and not is_uuid(text):
        raise wrong_input(f'Can not recognize "{text}" as point id')
    found = await thread(reader(request).retrieve, [int(text) if text.isdigit() else text], True, True)
    if not found:
        raise not_found(f"Point with id {text} does not exists!")
    return found[0]


def _query(found: Reader, asked: Any) -> Any:
    return {"points": found.query(asked)}


def _old_groups(rewrite: Callable[[Reader, Any], Any]) -> Callable[[Reader, Any], Any]:
    return lambda found, asked: query_groups(found, rewrite(found, asked))


_POINTS = "/collections/{name}/points"

ROUTES = [
    route("POST", _POINTS, ask(_retrieve, types.RETRIEVE)),
    route("POST", f"{_POINTS}/query", ask(_query, types.QUERY_POINTS)),
    route("POST", f"{_POINTS}/query/batch", ask(_many(_query), types.QUERY_BATCH)),
    route("POST", f"{_POINTS}/query/groups", ask(query_groups, types.QUERY_GROUPS)),
    route("POST", f"{_POINTS}/search", ask(Reader.search, types.SEARCH)),
    route("POST", f"{_POINTS}/search/batch", ask(_many(Reader.search), types.SEARCH_BATCH)),
    route("POST", f"{_POINTS}/search/groups", ask(_old_groups(Reader.searched), types.SEARCH_GROUPS)),
    route("POST", f"{_POINTS}/search/matrix/pairs", ask(matrix.pairs, types.MATRIX)),
    route("POST", f"{_POINTS}/search/matrix/offsets", ask(matrix.offsets, types.MATRIX)),
    route("POST", f"{_POINTS}/recommend", ask(Reader.recommend, types.RECOMMEND)),
    route("POST", f"{_POINTS}/recommend/batch", ask(_many(Reader.recommend), types.RECOMMEND_BATCH)),
    route("POST", f"{_POINTS}/recommend/groups", ask(_old_groups(Reader.recommended), types.RECOMMEND_GROUPS)),
    route("POST", f"{_POINTS}/discover", ask(Reader.discover, types.DISCOVER)),
    route("POST", f"{_POINTS}/discover/batch", ask(_many(Reader.discover), types.DISCOVER_BATCH)),
    route("POST", f"{_POINTS}/scroll", ask(Reader.scroll, types.SCROLL)),
    route("POST", f"{_POINTS}/count", ask(Reader.count, types.COUNTED)),
    route("POST", "/collections/{name}/facet", ask(Reader.facet, types.FACET)),
    route("GET", f"{_POINTS}/{{id}}", one),
]
