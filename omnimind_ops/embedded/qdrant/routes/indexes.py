"""Payload indexes: create and delete."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import bad_request, json_errors
from omnimind_ops.embedded.qdrant.requests import collections as types
from omnimind_ops.embedded.qdrant.storage.strict import Strict

from .access import body, name, route, storage, thread, writing
from .points import changed, done


async def create(request: Request) -> object:
    """Index a payload field."""
    name(request)
    requested = await body(request, types.INDEX)
    wait = changed(request)
    field, schema = requested["field_name"], requested.get("field_schema")
    storage(request).resolve(name(request))
    if not schema:
        raise bad_request("Can't auto-detect field type, please specify `field_schema` in the request")
    async with writing(request) as collection:
        Strict(collection).index()
        with json_errors():
            await thread(collection.create_index, field, schema)
        return done(collection, wait)


async def delete(request: Request) -> object:
    """Delete an index."""
    wait = changed(request)
    async with writing(request) as collection:
        with json_errors():
            await thread(collection.delete_index, request.path_params["field"])
        return done(collection, wait)


ROUTES = [
    route("PUT", "/collections/{name}/index", create),
    route("DELETE", "/collections/{name}/index/{field}", delete),
]
