"""Changes to points: each takes the JSON of one operation and applies it to a collection, in slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.convert.filters import filter_in
from omnimind_ops.embedded.qdrant.convert.points import batch, point_in, vectors_in
from omnimind_ops.embedded.qdrant.errors import json_errors, unsupported, wrong_input

from .collection import IDS_PER_SLICE, Collection

_U = edge.UpdateOperation
Json = Mapping[str, Any]


def upsert(collection: Collection, body: Json) -> None:
    """Insert or replace points. All are converted and checked first: one invalid point refuses the whole request."""
    with json_errors():
        _one_shard(body)
        rows = batch(body["batch"]) if "batch" in body else body["points"]
        points = [point_in(collection.schema, row) for row in rows]
        condition = filter_in(body.get("update_filter"))
        mode = _mode(body.get("update_mode"))
    collection.apply_sliced(
        points, collection.points_per_slice, lambda part: _U.upsert_points(list(part), condition, mode), _id
    )


def update_vectors(collection: Collection, body: Json) -> None:
    """Replace single vectors of existing points."""
    with json_errors():
        _one_shard(body)
        points = [vectors_in(collection.schema, row) for row in body["points"]]
        condition = filter_in(body.get("update_filter"))
    collection.apply_sliced(
        points, collection.points_per_slice, lambda part: _U.update_vectors(list(part), condition), _id
    )


def delete_vectors(collection: Collection, body: Json) -> None:
    """Remove single vectors from points."""
    with json_errors():
        names = list(body.get("vector", body.get("vectors")))
    unknown = [name for name in names if name not in collection.schema.sizes and name not in collection.schema.sparse]
    if unknown:
        raise wrong_input(f"Not existing vector name error: {unknown[0]}")
    _selected(collection, body, lambda ids: _U.delete_vectors(ids, names))


def delete(collection: Collection, body: Json) -> None:
    """Delete points by ids or by filter."""
    _selected(collection, body, _U.delete_points)


def set_payload(collection: Collection, body: Json) -> None:
    """Merge fields into the payload, at the top or under `key`."""
    with json_errors():
        payload, key = body["payload"], body.get("key")
    _selected(collection, body, lambda ids: _U.set_payload(ids, payload, key))


def overwrite_payload(collection: Collection, body: Json) -> None:
    """Replace the payload."""
    with json_errors():
        payload, key = body["payload"], body.get("key")
    _selected(collection, body, lambda ids: _U.overwrite_payload(ids, payload, key))


def delete_payload(collection: Collection, body: Json) -> None:
    """Remove fields from the payload."""
    with json_errors():
        keys = list(body["keys"])
    _selected(collection, body, lambda ids: _U.delete_payload(ids, keys))


def clear_payload(collection: Collection, body: Json) -> None:
    """Remove the whole payload."""
    _selected(collection, body, _U.clear_payload)


OPERATIONS: dict[str, Callable[[Collection, Json], None]] = {
    "upsert": upsert,
    "delete": delete,
    "set_payload": set_payload,
    "overwrite_payload": overwrite_payload,
    "delete_payload": delete_payload,
    "clear_payload": clear_payload,
    "update_vectors": update_vectors,
    "delete_vectors": delete_vectors,
}


def operation(collection: Collection, body: Json) -> None:
    """Run one operation of a batch update: an object with one field, the operation's name."""
    for name, apply in OPERATIONS.items():
        if name in body:
            with json_errors():
                selector = body[name]
            return apply(collection, {"points": selector} if isinstance(selector, list) else selector)
    raise wrong_input(f"unknown operation with fields {sorted(body)}")


def _selected(collection: Collection, body: Json, build: Callable[[Any], edge.UpdateOperation]) -> None:
    """Apply to the points of `points` or `filter`. A filter is first resolved to ids, so that it can be sliced too."""
    with json_errors():
        _one_shard(body)
        if body.get("points") is not None:
            ids: Sequence[Any] = list(body["points"])
        else:
            condition = filter_in(body["filter"])
            ids = [id for page in collection.matching(condition) for id in page]
            if not ids:
                return
    with json_errors():
        collection.apply_sliced(ids, IDS_PER_SLICE, lambda part: build(list(part)), lambda id: id)


def _mode(value: Any) -> edge.UpdateMode | None:
    if value is None:
        return None
    modes = {
        "upsert": edge.UpdateMode.Upsert,
        "insert_only": edge.UpdateMode.InsertOnly,
        "update_only": edge.UpdateMode.UpdateOnly,
    }
    if value not in modes:
        raise wrong_input(f"unknown update mode `{value}`")
    return modes[value]


def _id(item: Any) -> Any:
    return item.id


def _one_shard(body: Json) -> None:
    if body.get("shard_key") is not None:
        raise unsupported("shard keys")
