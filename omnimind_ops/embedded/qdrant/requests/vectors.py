"""Vectors in requests: dense, sparse, multi, named, by point id, and documents for a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .compound import MapOf, Struct, Untagged
from .types import Broken, Mismatch, Place, Text
from .values import U32_LIST, broken_by

_NUMBERS = frozenset((int, float))
_LARGEST = 1 << 20
"""Exclusive limit of floats in a multi vector, over all rows."""


def _dense(value: Any) -> bool:
    return isinstance(value, list) and _NUMBERS.issuperset(map(type, value))


def _multi(value: Any) -> bool:
    return isinstance(value, list) and all(map(_dense, value))


def _sparse(value: Any) -> bool:
    if not isinstance(value, dict) or not _dense(value.get("values")):
        return False
    try:
        U32_LIST.read(value.get("indices"), ())
    except Mismatch:
        return False
    return True


def _inference(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("model"), str):
        return False
    return isinstance(value.get("text"), str) or "image" in value or "object" in value


_KINDS: dict[str, Callable[[Any], bool]] = {
    "dense": _dense,
    "sparse": _sparse,
    "multi": _multi,
    "inference": _inference,
}


@dataclass(frozen=True)
class Vector:
    """A vector of one of `kinds`; `kept` marks a stored vector, which must not be empty."""

    name: str
    kinds: tuple[str, ...]
    kept: bool = False

    def read(self, value: Any, at: Place) -> None:
        """Check that one of the kinds matches."""
        if not any(_KINDS[kind](value) for kind in self.kinds):
            raise Mismatch(f"data did not match any variant of untagged enum {self.name}", at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Yield errors for empty vectors, rows of unequal length and duplicate indices."""
        if isinstance(value, dict):
            if "indices" in value and "sparse" in self.kinds:
                yield from _broken_sparse(value, name)
        elif value and isinstance(value[0], list):
            yield from ((f"{name}.data", text) for text in _broken_multi([len(row) for row in value]))
        elif self.kept and not value:
            yield f"{name}.vector", "dense vector must not be empty"


def _broken_sparse(value: dict[str, Any], name: str) -> Iterator[Broken]:
    indices = value["indices"]
    if len(indices) != len(value["values"]):
        yield broken_by(f"{name}.values", "must be the same length as indices")
    if len(set(indices)) != len(indices):
        yield broken_by(f"{name}.indices", "must be unique")


def _broken_multi(rows: list[int]) -> Iterator[str]:
    if 0 in rows:
        yield "all vectors must be non-empty"
    elif sum(rows) >= _LARGEST:
        yield f"Total size of all vectors ({sum(rows)}) must be less than {_LARGEST}"
    elif other := [row for row in rows if row != rows[0]]:
        yield f"all vectors must have the same dimension, found vector with dimension {other[0]}"


STORED = Vector("Vector", ("dense", "sparse", "multi", "inference"), kept=True)
"""One vector of a point."""
PLAIN = Vector("VectorStruct", ("dense", "multi"), kept=True)
VECTORS = Untagged("VectorStruct", (PLAIN, MapOf(STORED), Vector("VectorStruct", ("inference",))))
"""All vectors of a point: one unnamed vector, or one per name."""
COLUMNS = Vector("BatchVectorStruct", ("multi",))
SEARCHED = Untagged(
    "NamedVectorStruct",
    (
        Vector("Dense", ("dense",)),
        Struct("NamedVector", {"name": Text(), "vector": Vector("Dense", ("dense",))}),
        Struct("NamedSparseVector", {"name": Text(), "vector": Vector("Sparse", ("sparse",))}),
    ),
)
"""The vector of the older search request."""
