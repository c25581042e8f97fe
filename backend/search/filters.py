"""Filters of /search as Qdrant conditions: `key:value`, or a JSON object in Qdrant's filter language."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from backend.http.errors import ApiProblem

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
FIX = 'filter=source:notes.md, filter=metadata.year:2024, or a JSON object: filter={"must": [{"key": "metadata.year", "range": {"gte": 2024}}]}'


def conditions(words: Iterable[str]) -> list[dict[str, Any]]:
    """Return one condition for each filter; all must match. Raises 422 for a filter that cannot be parsed."""
    return [_own(word) if word.lstrip().startswith("{") else _equal(word) for word in words if word.strip()]


def _own(text: str) -> dict[str, Any]:
    import orjson

    try:
        found = orjson.loads(text)
    except ValueError as error:
        raise refused(f"it is no JSON: {error}") from error
    if not found:
        raise refused("it is empty")
    return dict(found)


def _equal(word: str) -> dict[str, Any]:
    """Return the condition of `key:value`.

    A number or boolean matches both as such and as text; a quoted value matches only as text.
    """
    key, colon, value = word.partition(":")
    key = key.strip()
    if not colon or not key:
        raise refused(f"{word[:200]!r} is not key:value")
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _match(key, value[1:-1])
    typed = _typed(value)
    same = [_match(key, value)]
    if isinstance(typed, float):  # Qdrant compares only integers for equality
        same.append({"key": key, "range": {"gte": typed, "lte": typed}})
    elif typed is not None:
        same.append(_match(key, typed))
    return {"should": same} if len(same) > 1 else same[0]


def _typed(value: str) -> bool | int | float | None:
    if value in ("true", "false"):
        return value == "true"
    if not NUMBER.fullmatch(value):
        return None
    if value.lstrip("-").isdigit() and -(2**63) <= int(value) < 2**63:
        return int(value)
    return float(value) if math.isfinite(float(value)) else None


def _match(key: str, value: object) -> dict[str, Any]:
    return {"key": key, "match": {"value": value}}


def refused(detail: str) -> ApiProblem:
    """Return the 422 problem."""
    return ApiProblem(422, "the filter cannot be used", detail, fix=FIX)
