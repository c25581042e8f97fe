"""Changes to points, their vectors and payloads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .body import Placing, Request
from .filters import FILTER, FILTER_STRUCT
from .types import Broken, ListOf, MapOf, Maybe, Mismatch, Place, Struct, Text, Untagged, Word
from .values import PATH, PAYLOAD, POINT_ID, SHARD_KEY
from .vectors import COLUMNS, STORED, VECTORS, Vector

_IDS = ListOf(POINT_ID)
_MODES = Maybe(Word(("upsert", "insert_only", "update_only")))
_POINT = Struct("PointStruct", {"id": POINT_ID, "vector": VECTORS, "payload": Maybe(PAYLOAD)}, aliases={"vectors": "vector"})
_HOW = {"shard_key": SHARD_KEY, "update_filter": FILTER, "update_mode": _MODES}
_LIST = Struct("PointsList", {"points": ListOf(_POINT), **_HOW})


@dataclass(frozen=True)
class _Columns:
    """Points by columns: as many vectors and payloads as ids."""

    inner: Struct

    def read(self, value: Any, at: Place) -> None:
        """As the fields say."""
        self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Whether the columns are equally long and their vectors sound."""
        ids, vectors, payloads = len(value["ids"]), value["vectors"], value.get("payloads")
        yield from self.inner.check(value, name)
        lengths = [len(column) for column in vectors.values()] if isinstance(vectors, dict) else [len(vectors)]
        for length in (length for length in lengths if length != ids):
            yield f"{name}.batch", f"number of ids and vectors must be equal ({ids} != {length})"
            return
        if payloads is not None and len(payloads) != ids:
            yield f"{name}.batch", f"number of ids and payloads must be equal ({ids} != {len(payloads)})"


class _Rows:
    """A column of vectors without a name; each row is checked as a vector of its own."""

    inner = ListOf(Vector("BatchVectorStruct", ("dense", "multi"), kept=True))

    def read(self, value: Any, at: Place) -> None:
        """As its rows."""
        self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """As its rows, which have no name of their own."""
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
_COLUMNS = Struct("PointsBatch", {"batch": _Columns(_BATCH), **_HOW})


class _Insert:
    """Points as rows (`points`) or as columns (`batch`)."""

    def read(self, value: Any, at: Place) -> None:
        """As the one that is there."""
        if not isinstance(value, dict) or not ({"batch", "points"} & value.keys()):
            raise Mismatch("Invalid PointInsertOperations format", at)
        self._form(value).read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """As the one that is there."""
        yield from self._form(value).check(value, name)

    @staticmethod
    def _form(value: Any) -> Struct:
        return _COLUMNS if "batch" in value else _LIST


@dataclass(frozen=True)
class _Chosen:
    """A change of the points of `points` or of `filter`: one must be there."""

    inner: Struct

    def read(self, value: Any, at: Place) -> None:
        """As the fields say."""
        self.inner.read(value, at)
        if value.get("points") is None and value.get("filter") is None:
            raise Mismatch("Either list of point ids or filter must be provided", at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """As the fields say."""
        yield from self.inner.check(value, name)


_WHICH = {"points": Maybe(_IDS), "filter": FILTER, "shard_key": SHARD_KEY}
_INSERT = _Insert()
_SELECTED = Untagged(
    "PointsSelector",
    (
        Struct("PointIdsList", {"points": _IDS, "shard_key": SHARD_KEY}),
        Struct("FilterSelector", {"filter": FILTER_STRUCT, "shard_key": SHARD_KEY}),
    ),
)
_SET = _Chosen(Struct("SetPayload", {"payload": PAYLOAD, "key": Maybe(PATH), **_WHICH}))
_DROP = _Chosen(Struct("DeletePayload", {"keys": ListOf(PATH), **_WHICH}))
@dataclass(frozen=True)
class _Some:
    """Vectors of a point, at least one."""

    inner: Untagged

    def read(self, value: Any, at: Place) -> None:
        """As any vectors."""
        self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Whether there is one."""
        if not value or (isinstance(value, dict) and not any(value.values())):
            yield name, "must specify vectors to update for point"
        else:
            yield from self.inner.check(value, name)


_REPLACED = Struct("PointVectors", {"id": POINT_ID, "vector": _Some(VECTORS)}, aliases={"vectors": "vector"})
_UPDATED = Struct(
    "UpdateVectors",
    {"points": ListOf(_REPLACED, few="must specify points to update"), "shard_key": SHARD_KEY, "update_filter": FILTER},
)
_REMOVED = Struct(
    "DeleteVectors",
    {**_WHICH, "vector": ListOf(Text(), few="must specify vector names to delete")},
    aliases={"vectors": "vector"},
)
_OPERATIONS = {
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
        {"operations": ListOf(Untagged("UpdateOperation", tuple(Struct(name, {name: inner}) for name, inner in _OPERATIONS.items())))},
    ),
    Placing.VALUE,
)
