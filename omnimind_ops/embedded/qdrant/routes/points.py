"""Changes to points, their vectors and payloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import json_errors
from omnimind_ops.embedded.qdrant.storage import writes
from omnimind_ops.embedded.qdrant.storage.collection import Collection
from omnimind_ops.embedded.qdrant.wire import body, flag

from .access import route, thread, writing


def done(request: Request, collection: Collection) -> dict[str, object]:
    """The result of a change. It is always applied when we answer; `wait` only decides the word, as clients compare it."""
    status = "completed" if flag(request, "wait") else "acknowledged"
    return {"operation_id": collection.operations, "status": status}


def change(apply: Callable[[Collection, Any], None]) -> Callable[[Request], Awaitable[object]]:
    """A handler for one operation of `storage/writes`."""

    async def handler(request: Request) -> object:
        asked = await body(request)
        async with writing(request) as collection:
            await thread(apply, collection, asked)
            return done(request, collection)

    handler.__name__ = apply.__name__
    return handler


async def batch(request: Request) -> object:
    """Several operations in order; one result for each."""
    asked = await body(request)
    with json_errors():
        operations = list(asked["operations"])
    results = []
    async with writing(request) as collection:
        for operation in operations:
            await thread(writes.operation, collection, operation)
            results.append(done(request, collection))
    return results


_POINTS = "/collections/{name}/points"

ROUTES = [
    route("PUT", _POINTS, change(writes.upsert)),
    route("POST", f"{_POINTS}/delete", change(writes.delete)),
    route("PUT", f"{_POINTS}/vectors", change(writes.update_vectors)),
    route("POST", f"{_POINTS}/vectors/delete", change(writes.delete_vectors)),
    route("POST", f"{_POINTS}/payload", change(writes.set_payload)),
    route("PUT", f"{_POINTS}/payload", change(writes.overwrite_payload)),
    route("POST", f"{_POINTS}/payload/delete", change(writes.delete_payload)),
    route("POST", f"{_POINTS}/payload/clear", change(writes.clear_payload)),
    route("POST", f"{_POINTS}/batch", batch),
]
