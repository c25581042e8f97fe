"""Distances within a sample of points: from each point to its nearest neighbours in the sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reads import Reader

Json = Mapping[str, Any]


def pairs(reader: Reader, body: Json) -> dict[str, Any]:
    """Return the distances as a list of pairs."""
    rows = _rows(reader, body)
    return {
        "pairs": [{"a": point, "b": hit["id"], "score": hit["score"]} for point, hits in rows.items() for hit in hits]
    }


def offsets(reader: Reader, body: Json) -> dict[str, Any]:
    """Return the distances as rows and columns of a sparse matrix over `ids`."""
    rows = _rows(reader, body)
    ids = list(rows)
    cells = [(row, ids.index(hit["id"]), hit["score"]) for row, hits in enumerate(rows.values()) for hit in hits]
    row, column, scores = (list(values) for values in zip(*cells, strict=True)) if cells else ([], [], [])
    return {"offsets_row": row, "offsets_col": column, "scores": scores, "ids": ids}


def _rows(reader: Reader, body: Json) -> dict[Any, list[dict[str, Any]]]:
    """Return the nearest neighbours in the sample for each of its points."""
    using, given = body.get("using") or "", body.get("filter")
    has_vector = {"must": [{"has_vector": using}, *([given] if given else [])]}
    size, limit = body.get("sample") or 10, body.get("limit") or 3
    sample = reader.query({"query": {"sample": "random"}, "filter": has_vector, "limit": size})
    ids = sorted((point["id"] for point in sample), key=lambda id: (isinstance(id, str), id))
    if len(ids) < 2:
        return {}
    return {
        id: reader.query({"query": id, "using": using, "filter": {"must": [{"has_id": ids}]}, "limit": limit})
        for id in ids
    }
