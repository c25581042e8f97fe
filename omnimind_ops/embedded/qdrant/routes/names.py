"""Named vectors of a collection that is there: add one, take one away."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.requests import collections as types
from omnimind_ops.embedded.qdrant.requests import parameters as kinds

from .access import body, name, route, thread, writing
from .points import changed, done


async def add(request: Request) -> object:
    """A new vector; one of that name is left as it is."""
    name(request)
    vector = kinds.vector_name(request.path_params["vector"])
    asked = await body(request, types.NAMED_VECTOR)
    wait = changed(request)
    async with writing(request) as collection:
        await thread(collection.add_vector, vector, asked)
        return done(collection, wait)


async def remove(request: Request) -> object:
    """Take a vector away from all points."""
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
