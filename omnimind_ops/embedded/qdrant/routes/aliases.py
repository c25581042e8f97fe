"""Aliases: list and change."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import json_errors
from omnimind_ops.embedded.qdrant.storage.aliases import changed
from omnimind_ops.embedded.qdrant.wire import body

from .access import layout, name, route, storage, thread


def _shown(aliases: dict[str, str]) -> object:
    return {"aliases": [{"alias_name": alias, "collection_name": target} for alias, target in sorted(aliases.items())]}


async def list_all(request: Request) -> object:
    """All aliases."""
    return _shown(storage(request).aliases)


async def list_of_collection(request: Request) -> object:
    """The aliases of one collection."""
    found = storage(request)
    collection = found.resolve(name(request)).name
    return _shown({alias: target for alias, target in found.aliases.items() if target == collection})


async def change(request: Request) -> object:
    """Create, delete and rename aliases: all or nothing."""
    asked = await body(request)
    found = storage(request)
    async with layout(request):
        with json_errors():
            aliases = changed(found.aliases, found.collections, asked["actions"])
        await thread(found.set_aliases, aliases)
    return True


ROUTES = [
    route("GET", "/aliases", list_all),
    route("POST", "/collections/aliases", change),
    route("GET", "/collections/{name}/aliases", list_of_collection),
]
