"""Changes to points, their vectors and payloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .body import Placing, Request
from .compound import ListOf, MapOf, Maybe, Ruled, Struct, Untagged
from .filters import FILTER, FILTER_STRUCT
from .types import Broken, Mismatch, Place, Text, Type, Word
from .values import PATH, PAYLOAD, POINT_ID, SHARD_KEY
from .vectors import COLUMNS, STORED, VECTORS, Vector

_IDS = ListOf(POINT_ID)
_MODES = Maybe(Word(("upsert", "insert_only", "update_only")))
_POINT = Struct(
    "PointStruct", {"id": POINT_ID, "vector": VECTORS, "payload": Maybe(PAYLOAD)}, aliases={"vectors": "vector"}
)
_HOW = {"shard_key": SHARD_KEY, "update_filter": FILTER, "update_mode": _MODES}
_LIST = Struct("PointsList", {"points": ListOf(_POINT), **_HOW})


def _uneven(value: Any, name: str) -> Iterator[Broken]:
    """Yield an error for columns that differ in length from the ids."""
    ids, vectors, payloads = len(value["ids"]), value["vectors"], value.get("payloads")
    lengths = [len(column) for column in vectors.values()] if isinstance(vectors, dict) else [len(vectors)]
    other = [length for length in lengths if length != ids]
    if other:
        yield f"{name}.batch", f"number of ids and vectors must be equal ({ids} != {other[0]})"
    elif payloads is not None and len(payloads) != ids:
        yield f"{name}.batch", f"number of ids and payloads must be equal ({ids} != {len(payloads)})"


class _Rows:
    """A column of unnamed vectors; each row is checked as a separate vector."""

    inner = ListOf(Vector("BatchVectorStruct", ("dense", "multi"), kept=True))

    def read(self, value: Any, at: Place) -> None:
        """Check the types of the rows."""
        self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of the rows, which have no names."""
        for row in value:
            yield from self.inner.inner.check(row, name)


_BATCH = Struct(
    "Batch",
    {
        "ids": _IDS,
        "vectors": Untagged("BatchVectorStruct", (_Rows(), MapOf(ListOf(STORED)), COLUMNS)),
        "payloads": Maybe(ListOf(Maybe(PAYLOAD))),
    },
)
_COLUMNS = Struct("PointsBatch", {"batch": Ruled(_BATCH, _uneven), **_HOW})


class _Insert:
    """Points as rows (`points`) or as columns (`batch`)."""

    def read(self, value: Any, at: Place) -> None:
        """Check against the given form."""
        if not isinstance(value, dict) or not ({"batch", "points"} & value.keys()):
            raise Mismatch("Invalid PointInsertOperations format", at)
        self._form(value).read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of the given form."""
        yield from self._form(value).check(value, name)

    @staticmethod
    def _form(value: Any) -> Struct:
        return _COLUMNS if "batch" in value else _LIST


def _nobody(value: Any) -> str | None:
    """Return an error unless the change selects points, by `points` or by `filter`."""
    chosen = value.get("points") is not None or value.get("filter") is not None
    return None if chosen else "Either list of point ids or filter must be provided"


_WHICH = {"points": Maybe(_IDS), "filter": FILTER, "shard_key": SHARD_KEY}
_INSERT = _Insert()
_SELECTED = Untagged(
    "PointsSelector",
    (
        Struct("PointIdsList", {"points": _IDS, "shard_key": SHARD_KEY}),
        Struct("FilterSelector", {"filter": FILTER_STRUCT, "shard_key": SHARD_KEY}),
    ),
)
_SET = Ruled(Struct("SetPayload", {"payload": PAYLOAD, "key": Maybe(PATH), **_WHICH}), misfit=_nobody)
_DROP = Ruled(Struct("DeletePayload", {"keys": ListOf(PATH), **_WHICH}), misfit=_nobody)


def _empty(value: Any, name: str) -> Iterator[Broken]:
    """Yield an error when there is no vector."""
    if not value or (isinstance(value, dict) and not any(value.values())):
        yield name, "must specify vectors to update for point"


_REPLACED = Struct("PointVectors", {"id": POINT_ID, "vector": Ruled(VECTORS, _empty)}, aliases={"vectors": "vector"})
_UPDATED = Struct(
    "UpdateVectors",
    {"points": ListOf(_REPLACED, few="must specify points to update"), "shard_key": SHARD_KEY, "update_filter": FILTER},
)
_REMOVED = Struct(
    "DeleteVectors",
    {**_WHICH, "vector": ListOf(Text(), few="must specify vector names to delete")},
    aliases={"vectors": "vector"},
)
_OPERATIONS: dict[str, Type] = {
    "upsert": _INSERT,
    "delete": _SELECTED,
    "set_payload": _SET,
    "overwrite_payload": _SET,
    "delete_payload": _DROP,
    "clear_payload": _SELECTED,
    "update_vectors": _UPDATED,
    "delete_vectors": _REMOVED,
}

UPSERT = Request(_INSERT, Placing.NOWHERE)
SELECTED = Request(_SELECTED, Placing.NOWHERE)
SET_PAYLOAD = Request(_SET, Placing.NOWHERE)
DELETE_PAYLOAD = Request(_DROP, Placing.NOWHERE)
UPDATE_VECTORS = Request(_UPDATED, Placing.VALUE)
DELETE_VECTORS = Request(_REMOVED, Placing.VALUE)
BATCH = Request(
    Struct(
        "UpdateOperations",
        {
            "operations": ListOf(
                Untagged("UpdateOperation", tuple(Struct(name, {name: inner}) for name, inner in _OPERATIONS.items()))
            )
        },
    ),
    Placing.VALUE,
)
