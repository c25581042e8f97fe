"""Lengths of vectors with Cosine distance: Qdrant stores them with length 1, so another length is damage.

This finds most changes of a vector in a backup that has no checksum; a changed sign or a change of a last digit it does
not find. A vector of zeros keeps its length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qdrant_client.models import Record

TOLERANCE = 1e-4
"""Of a length: single precision adds up to far less, also in vectors of many thousand numbers."""
_NAMED = 3


class Lengths:
    """Collects points whose vectors have an impossible length, and those with a vector of zeros."""

    def __init__(self) -> None:
        self.wrong: dict[str, list[str]] = {}
        self.zeros: dict[str, list[str]] = {}

    def add(self, collection: str, config: Mapping[str, Any], points: Sequence[Record]) -> None:
        """Look at some points of a collection with this configuration; several threads may do so."""
        names = _checked_names(config)
        for point in points if names else ():
            vectors = point.vector if isinstance(point.vector, dict) else {"": point.vector}
            for name in names:
                for length in _lengths(vectors.get(name)):
                    if length == 0:
                        self.zeros.setdefault(collection, []).append(str(point.id))
                    elif not abs(length - 1) <= TOLERANCE:  # also when it is not a number
                        self.wrong.setdefault(collection, []).append(str(point.id))


def named(points: Mapping[str, Sequence[str]]) -> str:
    """Return the first points of each collection: "3 points of c (7, 8, 9)"."""
    texts = []
    for collection, ids in sorted(points.items()):
        more = ", …" if len(ids) > _NAMED else ""
        texts.append(f"{len(ids)} points of {collection} ({', '.join(ids[:_NAMED])}{more})")
    return "; ".join(texts)


def _checked_names(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the vectors that are stored with length 1 and full precision."""
    vectors = (config.get("params") or {}).get("vectors") or {}
    by_name = {"": vectors} if "size" in vectors else vectors
    return [
        name
        for name, vector in by_name.items()
        if vector.get("distance") == "Cosine" and vector.get("datatype") in (None, "float32")
    ]


def _lengths(vector: Any) -> list[float]:
    if not isinstance(vector, list) or not vector:
        return []
    rows = vector if isinstance(vector[0], list) else [vector]
    return [math.nan if None in row else math.hypot(*row) for row in rows]
