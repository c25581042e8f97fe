"""Aliases: list and change."""

from __future__ import annotations

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.requests import collections
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.storage.aliases import changed

from .access import body, layout, name, parameters, route, storage, thread


def _by_collection(item: tuple[str, str]) -> tuple[str, str]:
    return item[1], item[0]


def _shown(aliases: dict[str, str]) -> object:
    return {
        "aliases": [
            {"alias_name": alias, "collection_name": target}
            for alias, target in sorted(aliases.items(), key=_by_collection)
        ]
    }


async def list_all(request: Request) -> object:
    """Return all aliases."""
    return _shown(storage(request).aliases)


async def list_of_collection(request: Request) -> object:
    """Return the aliases of one collection."""
    result = storage(request)
    collection = result.resolve(name(request)).name
    return _shown({alias: target for alias, target in result.aliases.items() if target == collection})


async def change(request: Request) -> object:
    """Create, delete and rename aliases, one after another. When one fails, the changes before it remain."""
    requested = await body(request, collections.ALIASES)
    parameters(request, kinds.META)
    result = storage(request)
    async with layout(request):
        for action in requested["actions"]:
            await thread(result.set_aliases, changed(result.aliases, result.collections, action))
    return True


ROUTES = [
    route("GET", "/aliases", list_all),
    route("POST", "/collections/aliases", change),
    route("GET", "/collections/{name}/aliases", list_of_collection),
]
