"""Collections: list, create, describe, change, delete."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import json_errors
from omnimind_ops.embedded.qdrant.requests import collections as types
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.storage.files import remove_tree

from .access import body, layout, name, parameters, route, storage, thread, writing


async def list_all(request: Request) -> object:
    """Return the names of all collections."""
    return {"collections": [{"name": known} for known in sorted(storage(request).collections)]}


async def exists(request: Request) -> object:
    """Return whether a collection or alias of this name exists."""
    result = storage(request)
    return {"exists": name(request) in result.collections or name(request) in result.aliases}


async def describe(request: Request) -> object:
    """Return counts and configuration."""
    return storage(request).resolve(name(request)).info()


async def create(request: Request) -> object:
    """Create a collection."""
    wanted = name(request, new=True)
    requested = await body(request, types.CREATE)
    parameters(request, kinds.META)
    async with layout(request):
        with json_errors():
            await thread(storage(request).create, wanted, requested)
    return True


async def configure(request: Request) -> object:
    """Change settings of a collection."""
    name(request)
    requested = await body(request, types.UPDATE)
    parameters(request, kinds.META)
    async with writing(request) as collection:
        with json_errors():
            await thread(collection.configure, requested)
    return True


async def delete(request: Request) -> object:
    """Remove a collection; return false when there is none. Aliases do not count as collections here, as in the real
    server.
    """
    result = storage(request)
    parameters(request, kinds.META)
    async with layout(request):
        if name(request) not in result.collections:
            return False
        async with writing(request):
            rest = await thread(result.delete, name(request))
    if rest is not None:
        await thread(remove_tree, rest)
    return True


async def cluster(request: Request) -> object:
    """Return the shards, all of which are on this node."""
    collection = storage(request).resolve(name(request))
    shards = collection.shards.all.items()
    local = [{"shard_id": n, "points_count": shard.info().points_count, "state": "Active"} for n, shard in shards]
    return {
        "peer_id": storage(request).peer,
        "shard_count": len(local),
        "local_shards": local,
        "remote_shards": [],
        "shard_transfers": [],
    }


ROUTES = [
    route("GET", "/collections", list_all),
    route("GET", "/collections/{name}", describe),
    route("PUT", "/collections/{name}", create),
    route("PATCH", "/collections/{name}", configure),
    route("DELETE", "/collections/{name}", delete),
    route("GET", "/collections/{name}/exists", exists),
    route("GET", "/collections/{name}/cluster", cluster),
]
