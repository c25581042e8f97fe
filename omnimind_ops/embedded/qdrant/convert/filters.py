"""Filters: conditions on payload, ids and vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import wrong_input


class _Truth:
    """A truth value that the engine's binding does not mistake for an integer.

    The binding tries int before bool, and Python's bool is an int, so `MatchValue(True)` would match the number 1. It
    also accepts numpy's bool, recognised by its name and read through `__bool__`; this class takes that name.
    """

    def __init__(self, value: bool) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value


_Truth.__module__, _Truth.__name__, _Truth.__qualname__ = "numpy", "bool_", "bool_"


def filter_in(value: Any) -> edge.Filter | None:
    """Return a filter; None when the request has none."""
    if value is None:
        return None
    minimum = value.get("min_should")
    return edge.Filter(
        must=_conditions(value.get("must")),
        should=_conditions(value.get("should")),
        must_not=_conditions(value.get("must_not")),
        min_should=edge.MinShould(_conditions(minimum["conditions"]) or [], minimum["min_count"]) if minimum else None,
    )


def _conditions(value: Any) -> list[Any] | None:
    if value is None:
        return None
    return [condition(item) for item in (value if isinstance(value, list) else [value])]


def condition(value: Mapping[str, Any]) -> Any:
    """Return one condition of any kind."""
    if "key" in value:
        return _field(value)
    if "has_id" in value:
        return edge.HasIdCondition(set(value["has_id"]))
    if "has_vector" in value:
        return edge.HasVectorCondition(value["has_vector"])
    if "is_empty" in value:
        return edge.IsEmptyCondition(value["is_empty"]["key"])
    if "is_null" in value:
        return edge.IsNullCondition(value["is_null"]["key"])
    if "nested" in value:
        nested = value["nested"]
        return edge.NestedCondition(nested["key"], filter_in(nested["filter"]) or edge.Filter())
    if value.keys() & {"must", "should", "must_not", "min_should"}:
        return filter_in(value)
    raise wrong_input(f"unknown filter condition with fields {sorted(value)}")


def _field(value: Mapping[str, Any]) -> edge.FieldCondition:
    kinds: dict[str, Callable[[Any], Any]] = {
        "match": _match,
        "range": _range,
        "geo_bounding_box": lambda box: edge.GeoBoundingBox(geo(box["top_left"]), geo(box["bottom_right"])),
        "geo_radius": lambda circle: edge.GeoRadius(geo(circle["center"]), circle["radius"]),
        "geo_polygon": _polygon,
        "values_count": lambda bounds: edge.ValuesCount(**_bounds(bounds)),
        "is_empty": bool,
        "is_null": bool,
    }
    given = {name: read(value[name]) for name, read in kinds.items() if value.get(name) is not None}
    if not given:
        raise wrong_input(f"condition on `{value['key']}` says nothing")
    return edge.FieldCondition(value["key"], **given)


_MATCHES: dict[str, Callable[[Any], Any]] = {
    "value": lambda value: edge.MatchValue(_literal(value)),
    "any": edge.MatchAny,
    "except": edge.MatchExcept,
    "text": edge.MatchText,
    "text_any": edge.MatchTextAny,
    "phrase": edge.MatchPhrase,
    "prefix": edge.MatchPrefix,
    "substring": edge.MatchSubstring,
}


def _literal(value: Any) -> Any:
    return _Truth(value) if isinstance(value, bool) else value


def _match(value: Mapping[str, Any]) -> Any:
    for name, build in _MATCHES.items():
        if name in value:
            return build(value[name])
    raise wrong_input(f"unknown match with fields {sorted(value)}")


def _range(value: Mapping[str, Any]) -> Any:
    bounds = _bounds(value)
    if any(isinstance(bound, str) for bound in bounds.values()):
        return edge.RangeDateTime(**bounds)
    return edge.RangeFloat(**bounds)


def _bounds(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in ("gte", "gt", "lte", "lt") if value.get(name) is not None}


def geo(value: Mapping[str, Any]) -> edge.GeoPoint:
    """Return a geographic point."""
    return edge.GeoPoint(lon=value["lon"], lat=value["lat"])


def _polygon(value: Mapping[str, Any]) -> edge.GeoPolygon:
    rings = [[geo(place) for place in ring["points"]] for ring in [value["exterior"], *(value.get("interiors") or [])]]
    return edge.GeoPolygon(rings[0], rings[1:] or None)
