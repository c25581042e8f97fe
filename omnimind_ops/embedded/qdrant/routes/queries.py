"""Queries on points. Each runs in a thread, so that the server can respond to others during a long one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import not_found, wrong_input
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.requests import queries as types
from omnimind_ops.embedded.qdrant.requests.body import Request as BodyType
from omnimind_ops.embedded.qdrant.requests.values import is_point_id
from omnimind_ops.embedded.qdrant.storage import matrix, strict
from omnimind_ops.embedded.qdrant.storage.groups import query_groups
from omnimind_ops.embedded.qdrant.storage.reads import Reader
from omnimind_ops.embedded.qdrant.storage.strict import Strict

from .access import body, name, parameters, reader, route, thread

Limits = Callable[[Strict, Any], None]


def ask(question: Callable[[Reader, Any], Any], kind: BodyType, limits: Limits) -> Callable[[Request], Awaitable[Any]]:
    """Return a handler for one query, within the limits of strict mode."""

    async def handler(request: Request) -> Any:
        name(request)
        fields = await body(request, kind)
        given = parameters(request, kinds.READ)
        data = reader(request)
        limited = Strict(data.collection)
        limits(limited, fields)
        limited.timeout(given.get("timeout"))
        return await thread(question, data, fields)

    return handler


def _retrieve(data: Reader, fields: Any) -> Any:
    return data.retrieve(
        fields["ids"], fields.get("with_payload"), fields.get("with_vector", fields.get("with_vectors"))
    )


def _many(question: Callable[[Reader, Any], Any]) -> Callable[[Reader, Any], Any]:
    return lambda data, fields: [question(data, search) for search in fields["searches"]]


async def point(request: Request) -> Any:
    """Return one point with all its data."""
    text = request.path_params["id"]
    parameters(request, kinds.READ)
    if not is_point_id(int(text) if text.isdigit() else text):
        raise wrong_input(f'Can not recognize "{text}" as point id')
    result = await thread(reader(request).retrieve, [int(text) if text.isdigit() else text], True, True)
    if not result:
        raise not_found(f"Point with id {text} does not exists!")
    return result[0]


def _query(data: Reader, fields: Any) -> Any:
    return {"points": data.query(fields)}


def _old_groups(rewrite: Callable[[Reader, Any], Any]) -> Callable[[Reader, Any], Any]:
    return lambda data, fields: query_groups(data, rewrite(data, fields))


_POINTS = "/collections/{name}/points"

ROUTES = [
    route("POST", _POINTS, ask(_retrieve, types.RETRIEVE, strict.nothing)),
    route("POST", f"{_POINTS}/query", ask(_query, types.QUERY_POINTS, strict.query)),
    route("POST", f"{_POINTS}/query/batch", ask(_many(_query), types.QUERY_BATCH, strict.batch)),
    route("POST", f"{_POINTS}/query/groups", ask(query_groups, types.QUERY_GROUPS, strict.groups)),
    route("POST", f"{_POINTS}/search", ask(Reader.search, types.SEARCH, strict.query)),
    route("POST", f"{_POINTS}/search/batch", ask(_many(Reader.search), types.SEARCH_BATCH, strict.batch)),
    route("POST", f"{_POINTS}/search/groups", ask(_old_groups(Reader.searched), types.SEARCH_GROUPS, strict.groups)),
    route("POST", f"{_POINTS}/search/matrix/pairs", ask(matrix.pairs, types.MATRIX, strict.matrix)),
    route("POST", f"{_POINTS}/search/matrix/offsets", ask(matrix.offsets, types.MATRIX, strict.matrix)),
    route("POST", f"{_POINTS}/recommend", ask(Reader.recommend, types.RECOMMEND, strict.query)),
    route("POST", f"{_POINTS}/recommend/batch", ask(_many(Reader.recommend), types.RECOMMEND_BATCH, strict.batch)),
    route(
        "POST",
        f"{_POINTS}/recommend/groups",
        ask(_old_groups(Reader.recommended), types.RECOMMEND_GROUPS, strict.groups),
    ),
    route("POST", f"{_POINTS}/discover", ask(Reader.discover, types.DISCOVER, strict.query)),
    route("POST", f"{_POINTS}/discover/batch", ask(_many(Reader.discover), types.DISCOVER_BATCH, strict.batch)),
    route("POST", f"{_POINTS}/scroll", ask(Reader.scroll, types.SCROLL, strict.query)),
    route("POST", f"{_POINTS}/count", ask(Reader.count, types.COUNTED, strict.count)),
    route("POST", "/collections/{name}/facet", ask(Reader.facet, types.FACET, strict.facet)),
    route("GET", f"{_POINTS}/{{id}}", point),
]
