"""What handlers need from a request: the storage, a collection, a thread to work in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from omnimind_ops.embedded.qdrant.errors import no_collection
from omnimind_ops.embedded.qdrant.settings import Settings
from omnimind_ops.embedded.qdrant.snapshots.shelf import Shelf
from omnimind_ops.embedded.qdrant.storage.collection import Collection
from omnimind_ops.embedded.qdrant.storage.directory import Storage
from omnimind_ops.embedded.qdrant.storage.reads import Reader
from omnimind_ops.embedded.qdrant.wire import endpoint

thread = asyncio.to_thread


def route(method: str, path: str, handler: Callable[[Request], Awaitable[Any]]) -> Route:
    """A route of one method."""
    return Route(path, endpoint(handler), methods=[method])


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


def name(request: Request) -> str:
    """The collection or alias in the path."""
    return str(request.path_params["name"])


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
