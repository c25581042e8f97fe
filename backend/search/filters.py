"""Filters of /search as Qdrant conditions: `key:value`, or a JSON object in Qdrant's filter language."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from backend.http.errors import ApiProblem

MAX_DEPTH = 32
MAX_DIGITS = 40
"""Of a number; a longer one is a text. No number of Qdrant's has more."""
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
FIX = (
    "filter=source:notes.md, filter=metadata.year:2024, or a JSON object: "
    'filter={"must": [{"key": "metadata.year", "range": {"gte": 2024}}]}'
)


def conditions(filters: Iterable[str]) -> list[dict[str, Any]]:
    """Return one condition for each filter; all must match. Raises 422 for a filter that cannot be parsed."""
    return [
        _parse_json(filter_) if filter_.lstrip().startswith("{") else _parse_pair(filter_)
        for filter_ in filters
        if filter_.strip()
    ]


def _parse_json(text: str) -> dict[str, Any]:
    import orjson

    try:
        condition = orjson.loads(text)
    except ValueError as error:
        raise invalid_filter(f"it is not valid JSON: {error}") from error
    if not condition:
        raise invalid_filter("it is empty")
    if _is_deeper(condition, MAX_DEPTH):
        raise invalid_filter(f"it is nested deeper than {MAX_DEPTH} levels")
    return dict(condition)


def _parse_pair(filter_: str) -> dict[str, Any]:
    """Return the condition of `key:value`.

    A number or boolean matches both as such and as text; a quoted value matches only as text.
    """
    key, colon, value = filter_.partition(":")
    key = key.strip()
    if not colon or not key:
        raise invalid_filter(f"{filter_[:200]!r} is not key:value")
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _match(key, value[1:-1])
    parsed = _parse_value(value)
    alternatives = [_match(key, value)]
    if isinstance(parsed, float):  # Qdrant compares only integers for equality
        alternatives.append({"key": key, "range": {"gte": parsed, "lte": parsed}})
    elif parsed is not None:
        alternatives.append(_match(key, parsed))
    return {"should": alternatives} if len(alternatives) > 1 else alternatives[0]


def _parse_value(value: str) -> bool | int | float | None:
    if value in ("true", "false"):
        return value == "true"
    if len(value) > MAX_DIGITS or not NUMBER.fullmatch(value):
        return None
    if value.lstrip("-").isdigit() and -(2**63) <= int(value) < 2**63:
        return int(value)
    return float(value) if math.isfinite(float(value)) else None


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in members)


def _match(key: str, value: object) -> dict[str, Any]:
    return {"key": key, "match": {"value": value}}


def invalid_filter(detail: str) -> ApiProblem:
    """Return the 422 problem."""
    return ApiProblem(422, "the filter is not valid", detail, fix=FIX)
