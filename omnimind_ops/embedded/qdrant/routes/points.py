"""Changes to points, their vectors and payloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.requests import points as types
from omnimind_ops.embedded.qdrant.requests.body import Request as BodyType
from omnimind_ops.embedded.qdrant.storage import strict, writes
from omnimind_ops.embedded.qdrant.storage.collection import Collection
from omnimind_ops.embedded.qdrant.storage.strict import Strict

from .access import body, name, parameters, route, thread, writing

Limits = Callable[[Strict, Any], None]


def changed(request: Request) -> bool:
    """Return whether the client waits for its change."""
    return bool(parameters(request, kinds.UPDATE).get("wait"))


def done(collection: Collection, wait: bool) -> dict[str, object]:
    """Return the result of a change.

    The change is always applied before the response; `wait` only selects the status word that clients check.
    """
    return {"operation_id": collection.operations, "status": "completed" if wait else "acknowledged"}


def change(
    apply: Callable[[Collection, Any], None], kind: BodyType, limits: Limits
) -> Callable[[Request], Awaitable[object]]:
    """Return a handler for one operation of `storage/writes`, within the limits of strict mode."""

    async def handler(request: Request) -> object:
        name(request)
        requested = await body(request, kind)
        wait = changed(request)
        async with writing(request) as collection:
            limits(Strict(collection), requested)
            await thread(apply, collection, requested)
            return done(collection, wait)

    handler.__name__ = apply.__name__
    return handler


async def batch(request: Request) -> object:
    """Run several operations in order; return one result for each."""
    name(request)
    requested = await body(request, types.BATCH)
    wait = changed(request)
    results = []
    async with writing(request) as collection:
        for operation in requested["operations"]:
            _limited(Strict(collection), operation)
            await thread(writes.operation, collection, operation)
            results.append(done(collection, wait))
    return results


def _limited(limits: Strict, operation: Any) -> None:
    for kind, value in operation.items():
        if kind in writes.OPERATIONS and isinstance(value, dict):
            {"upsert": strict.upsert, "update_vectors": strict.update_vectors}.get(kind, strict.selected)(limits, value)


_POINTS = "/collections/{name}/points"

ROUTES = [
    route("PUT", _POINTS, change(writes.upsert, types.UPSERT, strict.upsert)),
    route("POST", f"{_POINTS}/delete", change(writes.delete, types.SELECTED, strict.selected)),
    route("PUT", f"{_POINTS}/vectors", change(writes.update_vectors, types.UPDATE_VECTORS, strict.update_vectors)),
    route("POST", f"{_POINTS}/vectors/delete", change(writes.delete_vectors, types.DELETE_VECTORS, strict.selected)),
    route("POST", f"{_POINTS}/payload", change(writes.set_payload, types.SET_PAYLOAD, strict.selected)),
    route("PUT", f"{_POINTS}/payload", change(writes.overwrite_payload, types.SET_PAYLOAD, strict.selected)),
    route("POST", f"{_POINTS}/payload/delete", change(writes.delete_payload, types.DELETE_PAYLOAD, strict.selected)),
    route("POST", f"{_POINTS}/payload/clear", change(writes.clear_payload, types.SELECTED, strict.selected)),
    route("POST", f"{_POINTS}/batch", batch),
]
