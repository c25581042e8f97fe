"""Payload indexes: create and delete."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import json_errors, wrong_input
from omnimind_ops.embedded.qdrant.wire import body

from .access import route, thread, writing
from .points import done


async def create(request: Request) -> object:
    """Index a payload field."""
    asked = await body(request)
    with json_errors():
        field, schema = asked["field_name"], asked.get("field_schema") or asked.get("field_type")
    if not schema:
        raise wrong_input("field_schema is needed: this stand-in does not guess the type of a field")
    async with writing(request) as collection:
        with json_errors():
            await thread(collection.create_index, field, schema)
        return done(request, collection)


async def delete(request: Request) -> object:
    """Forget an index."""
    async with writing(request) as collection:
        with json_errors():
            await thread(collection.delete_index, request.path_params["field"])
        return done(request, collection)


ROUTES = [
    route("PUT", "/collections/{name}/index", create),
    route("DELETE", "/collections/{name}/index/{field:path}", delete),
]
