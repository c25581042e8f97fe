"""Named vectors of an existing collection: add or remove one."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.requests import collections as types
from omnimind_ops.embedded.qdrant.requests import parameters as kinds

from .access import body, name, route, thread, writing
from .points import changed, done


async def add(request: Request) -> object:
    """Add a vector; an existing one of this name is unchanged."""
    name(request)
    vector = kinds.vector_name(request.path_params["vector"])
    requested = await body(request, types.NAMED_VECTOR)
    wait = changed(request)
    async with writing(request) as collection:
        await thread(collection.add_vector, vector, requested)
        return done(collection, wait)


async def remove(request: Request) -> object:
    """Remove a vector from all points."""
    name(request)
    vector = kinds.vector_name(request.path_params["vector"])
    wait = changed(request)
    async with writing(request) as collection:
        await thread(collection.remove_vector, vector)
        return done(collection, wait)


ROUTES = [
    route("PUT", "/collections/{name}/vectors/{vector}", add),
    route("DELETE", "/collections/{name}/vectors/{vector}", remove),
]
