"""Access for handlers: body and parameters of a request, the storage, a collection, a worker thread."""

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
"""Bytes of a body that is parsed in the event loop; larger ones are parsed in a thread, so that other requests can
run.
"""


def route(method: str, path: str, handler: Callable[[Request], Awaitable[Any]], plain: bool = False) -> Exact:
    """Return a route of one method; `plain` for routes with plain-text errors."""
    return Exact(path, endpoint(handler, plain_failure) if plain else endpoint(handler), methods=[method])


async def body(request: Request, kind: BodyType) -> Any:
    """Return the request's body, parsed as `kind`."""
    data = await raw_body(request)
    return kind.parse(data) if len(data) < SMALL else await thread(kind.parse, data)


def parameters(request: Request, known: Mapping[str, kinds.Read]) -> dict[str, Any]:
    """Return the parameters in the query string."""
    return kinds.parameters(request.query_params, known)


def storage(request: Request) -> Storage:
    """Return the open storage."""
    result: Storage = request.app.state.storage
    return result


def shelf(request: Request) -> Shelf:
    """Return the snapshot store."""
    result: Shelf = request.app.state.shelf
    return result


def settings(request: Request) -> Settings:
    """Return the server's settings."""
    result: Settings = request.app.state.settings
    return result


def layout(request: Request) -> asyncio.Lock:
    """Return the lock for adding, removing or replacing whole collections or aliases."""
    lock: asyncio.Lock = request.app.state.layout
    return lock


def name(request: Request, new: bool = False) -> str:
    """Return the collection or alias in the path; a `new` name has stricter rules for its characters."""
    return kinds.collection_name(str(request.path_params["name"]), new)


def reader(request: Request) -> Reader:
    """Return the reader of the collection in the path."""
    return Reader(storage(request), name(request))


@asynccontextmanager
async def writing(request: Request, wanted: str | None = None) -> AsyncIterator[Collection]:
    """Yield the collection in the path (or `wanted`) with exclusive write access; others wait."""
    wanted = wanted or name(request)
    collection = storage(request).resolve(wanted)
    async with collection.writing:
        if storage(request).collections.get(collection.name) is not collection:
            raise no_collection(wanted)  # deleted or replaced while waiting
        yield collection
