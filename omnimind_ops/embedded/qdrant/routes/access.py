"""What handlers need from a request: its body and parameters, the storage, a collection, a thread to work in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import no_collection
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.requests.body import Request as BodyType
from omnimind_ops.embedded.qdrant.settings import Settings
from omnimind_ops.embedded.qdrant.snapshots.shelf import Shelf
from omnimind_ops.embedded.qdrant.storage.collection import Collection
from omnimind_ops.embedded.qdrant.storage.directory import Storage
from omnimind_ops.embedded.qdrant.storage.reads import Reader
from omnimind_ops.embedded.qdrant.wire import endpoint, plain_failure, raw_body

from .router import Exact

thread = asyncio.to_thread
SMALL = 1 << 16
"""Bytes of a body that is read at once; larger ones are read in a thread, so that others get their turn."""


def route(method: str, path: str, handler: Callable[[Request], Awaitable[Any]], plain: bool = False) -> Exact:
    """A route of one method; `plain` for those whose errors come as plain text."""
    return Exact(path, endpoint(handler, plain_failure) if plain else endpoint(handler), methods=[method])


async def body(request: Request, kind: BodyType) -> Any:
    """The request's body, of that type."""
    data = await raw_body(request)
    return kind.parse(data) if len(data) < SMALL else await thread(kind.parse, data)


def parameters(request: Request, known: Mapping[str, kinds.Read]) -> dict[str, Any]:
    """The parameters in the query string."""
    return kinds.parameters(request.query_params, known)


def storage(request: Request) -> Storage:
    """The open storage."""
    found: Storage = request.app.state.storage
    return found


def shelf(request: Request) -> Shelf:
    """The snapshots."""
    found: Shelf = request.app.state.shelf
    return found


def settings(request: Request) -> Settings:
    """The server's settings."""
    found: Settings = request.app.state.settings
    return found


def layout(request: Request) -> asyncio.Lock:
    """Taken by whoever adds, removes or replaces whole collections or aliases."""
    lock: asyncio.Lock = request.app.state.layout
    return lock


def name(request: Request, new: bool = False) -> str:
    """The collection or alias in the path; a `new` one may not have every character that old ones may."""
    return kinds.collection_name(str(request.path_params["name"]), new)


def reader(request: Request) -> Reader:
    """Questions to the collection in the path."""
    return Reader(storage(request), name(request))


@asynccontextmanager
async def writing(request: Request, wanted: str | None = None) -> AsyncIterator[Collection]:
    """The collection in the path (or `wanted`), with the right to change it; others wait."""
    wanted = wanted or name(request)
    collection = storage(request).resolve(wanted)
    async with collection.writing:
        if storage(request).collections.get(collection.name) is not collection:
            raise no_collection(wanted)  # deleted or replaced while we waited
        yield collection
