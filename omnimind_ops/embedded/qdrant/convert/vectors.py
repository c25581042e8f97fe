"""Conversion of dense, sparse, multi and named vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import no_inference, wrong_input

DEFAULT = ""
"""The engine's name for the single unnamed vector of a collection."""


@dataclass(frozen=True)
class VectorSchema:
    """The vectors that the points of a collection may have: dense and multi vectors with their size, sparse ones by
    name.
    """

    sizes: Mapping[str, int]
    multi: frozenset[str]
    sparse: frozenset[str]

    @property
    def floats(self) -> int:
        """Return the minimum number of floats per point, as a measure of the work per point."""
        return sum(self.sizes.values()) or 1

    def named_vector(self, name: str, value: Any) -> Any:
        """Return one vector of this name for the engine. It is checked here, because the engine would stop halfway
        through a batch.
        """
        if isinstance(value, dict):
            if "indices" not in value:
                raise no_inference()
            if name not in self.sparse:
                raise wrong_input(f"Not existing vector name error: {name}")
            return sparse(value)
        size = self.sizes.get(name)
        if size is None:
            raise wrong_input(f"Not existing vector name error: {name}")
        rows = value if value and isinstance(value[0], list) else (value,)
        for row in rows:
            if len(row) != size:
                raise wrong_input(f"Vector dimension error: expected dim: {size}, got {len(row)}")
        if name in self.multi and rows is not value:
            return [value]
        return value

    def point(self, value: Any) -> Any:
        """Return the `vector` of a point: one unnamed vector or a mapping by name."""
        if isinstance(value, dict):
            if isinstance(value.get("model"), str):
                raise no_inference()
            return {name: self.named_vector(name, item) for name, item in value.items()}
        return self.named_vector(DEFAULT, value)


def sparse(value: Mapping[str, Any]) -> edge.SparseVector:
    """Return a sparse vector; indices must be unique."""
    indices, values = value["indices"], value["values"]
    if len(indices) != len(values) or len(set(indices)) != len(indices):
        raise wrong_input("Sparse vector: indices must be unique and as many as values")
    return edge.SparseVector(indices, values)


def vector_out(value: Any) -> Any:
    """Return the engine's vector as JSON."""
    if isinstance(value, edge.SparseVector):
        return {"indices": value.indices, "values": value.values}
    if isinstance(value, dict):
        return {name: vector_out(item) for name, item in value.items()}
    return value
