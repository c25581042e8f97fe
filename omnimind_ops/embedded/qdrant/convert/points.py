"""Conversion of points from JSON, and of records and scored points to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import qdrant_edge as edge

from .vectors import VectorSchema, vector_out


def batch(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the column form of an upsert in list form."""
    ids, vectors = value["ids"], value["vectors"]
    if isinstance(vectors, dict):
        columns = {name: list(column) for name, column in vectors.items()}
        vectors = [{name: column[row] for name, column in columns.items()} for row in range(len(ids))]
    payloads = value.get("payloads") or [None] * len(ids)
    rows = zip(ids, vectors, payloads, strict=True)
    return [{"id": id, "vector": vector, "payload": payload} for id, vector, payload in rows]


def _vectors(value: Mapping[str, Any]) -> Any:
    return value.get("vector", value.get("vectors"))


def point_in(schema: VectorSchema, value: Mapping[str, Any]) -> edge.Point:
    """Return one point to upsert."""
    return edge.Point(value["id"], schema.point(_vectors(value)), value.get("payload"))


def vectors_in(schema: VectorSchema, value: Mapping[str, Any]) -> edge.PointVectors:
    """Return new vectors of one point."""
    return edge.PointVectors(value["id"], schema.point(_vectors(value)))


def id_out(value: Any) -> int | str | None:
    """Return the engine's point id as JSON."""
    return str(value) if isinstance(value, UUID) else value


def with_payload(value: Any, default: bool) -> Any:
    """Return the selection of payload fields."""
    if value is None:
        return default
    if isinstance(value, dict):
        if "include" in value:
            return edge.PayloadSelector.Include(value["include"])
        return edge.PayloadSelector.Exclude(value["exclude"])
    return value


def record_out(record: Any) -> dict[str, Any]:
    """Return a stored point as JSON, without fields that were not requested."""
    out: dict[str, Any] = {"id": id_out(record.id)}
    if record.payload is not None:
        out["payload"] = record.payload
    if record.vector is not None:
        out["vector"] = vector_out(record.vector)
    if record.order_value is not None:
        out["order_value"] = record.order_value
    return out


def scored_out(point: Any) -> dict[str, Any]:
    """Return a search hit as JSON."""
    return {"version": point.version, "score": point.score, **record_out(point)}
