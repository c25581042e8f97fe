"""Query results grouped by a payload field. The engine's binding has no groups, so this requests more and more hits
until the groups are full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from omnimind_ops.embedded.qdrant.errors import json_errors, wrong_input

from .reads import Reader

Groups = dict[Any, list[dict[str, Any]]]


def query_groups(reader: Reader, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the best groups with their best hits; complete, however low the hits of a group rank."""
    with json_errors():
        field = body["group_by"]
        size, limit = body.get("group_size") or 3, body.get("limit") or 10
        query = {**body, "with_payload": True, "filter": _has(field, body.get("filter"))}
    total = reader.count({})["count"]
    requested = max(100, size * limit * 4)
    while True:
        hits = reader.query({**query, "limit": requested})
        groups = _grouped(hits, field, size)
        best = dict(list(groups.items())[:limit])
        full = len(best) == limit and all(len(group) == size for group in best.values())
        if full or len(hits) < requested or requested >= total:
            return {"groups": _shown(reader, body, best)}
        requested *= 4


def _has(field: str, given: Any) -> dict[str, Any]:
    return {"must": [given] if given else [], "must_not": [{"is_empty": {"key": field}}]}


def _grouped(hits: list[dict[str, Any]], field: str, size: int) -> Groups:
    groups: Groups = {}
    for hit in hits:
        for key in _keys(hit["payload"], field):
            group = groups.setdefault(key, [])
            if len(group) < size:
                group.append(hit)
    return groups


def _keys(payload: Any, field: str) -> list[Any]:
    """Return the values under a dotted path that can name a group: strings and whole numbers, one level of arrays."""
    value = payload
    for word in field.split("."):
        value = value.get(word) if isinstance(value, dict) else None
    values = value if isinstance(value, list) else [value]
    return [key for key in dict.fromkeys(v for v in values if isinstance(v, str | int)) if not isinstance(key, bool)]


def _shown(reader: Reader, body: Mapping[str, Any], groups: Groups) -> list[dict[str, Any]]:
    lookup = body.get("with_lookup")
    wanted = body.get("with_payload")
    result = _looked_up(reader, lookup, list(groups)) if lookup else {}
    shown = []
    for key, hits in groups.items():
        payloads = _payloads(reader, hits, wanted)
        group: dict[str, Any] = {"id": key, "hits": [_with(hit, payloads[hit["id"]]) for hit in hits]}
        if lookup and key in result:
            group["lookup"] = result[key]
        shown.append(group)
    return shown


def _with(hit: dict[str, Any], payload: Any) -> dict[str, Any]:
    bare = {name: value for name, value in hit.items() if name != "payload"}
    return bare if payload is None else {**bare, "payload": payload}


def _payloads(reader: Reader, hits: list[dict[str, Any]], wanted: Any) -> dict[Any, Any]:
    if wanted is True:
        return {hit["id"]: hit["payload"] for hit in hits}
    if not wanted:
        return {hit["id"]: None for hit in hits}
    return {point["id"]: point["payload"] for point in reader.retrieve([hit["id"] for hit in hits], wanted, False)}


def _looked_up(reader: Reader, lookup: Any, ids: list[Any]) -> dict[Any, Any]:
    if isinstance(lookup, str):
        lookup = {"collection": lookup}
    if not isinstance(lookup, dict):
        raise wrong_input("with_lookup: expected a collection name or an object")
    other = Reader(reader.storage, reader.other(lookup["collection"]).name)
    points = other.retrieve(
        [id for id in ids if _is_point_id(id)], lookup.get("with_payload"), lookup.get("with_vectors")
    )
    return {point["id"]: point for point in points}


def _is_point_id(value: int | str) -> bool:
    try:
        return (isinstance(value, int) and value >= 0) or bool(UUID(str(value)))
    except ValueError:
        return False
