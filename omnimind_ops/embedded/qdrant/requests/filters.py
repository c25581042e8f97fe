"""Filters: conditions on payload, ids and vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .compound import Later, ListOf, Maybe, Struct, Untagged
from .types import Broken, Integer, Mismatch, Number, Place, Plain, Text, Type
from .values import COUNT, FLAG, I64, PATH, POINT_ID, Date, Geo

_EXPECTED = (
    'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some other mentioned '
    "in the documentation: https://qdrant.tech/documentation/concepts/filtering/#filtering-conditions"
)
_BOUNDS = ("lt", "gt", "gte", "lte")
_DATES = Struct("Range", dict.fromkeys(_BOUNDS, Maybe(Date())))
_NUMBERS = Struct("Range", dict.fromkeys(_BOUNDS, Maybe(Number(kind="f64"))))
_ANY = Untagged("AnyVariants", (ListOf(Text()), ListOf(I64)))


def _only(name: str, inner: Type) -> Struct:
    return Struct(name, {name: inner})


_MATCH = Untagged(
    "MatchInterface",
    (
        _only("value", Untagged("ValueVariants", (Text(), I64, FLAG.inner))),
        *(_only(name, Text()) for name in ("text", "text_any", "phrase", "prefix")),
        _only("any", _ANY),
        _only("except", _ANY),
    ),
)


@dataclass(frozen=True)
class _Range(Plain):
    """A range: numbers, or dates when one of the bounds is text."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other bounds."""
        if isinstance(value, dict) and any(isinstance(value.get(bound), str) for bound in _BOUNDS):
            _DATES.read(value, at)
            return
        try:
            _NUMBERS.read(value, at)
        except Mismatch:
            raise Mismatch("data did not match any variant of untagged enum RangeInterfaceUntagged", at) from None


_LINE = Struct("GeoLineString", {"points": ListOf(Geo())})
_POLYGON = Struct("GeoPolygonShadow", {"exterior": _LINE, "interiors": Maybe(ListOf(_LINE))})


@dataclass(frozen=True)
class _Polygon(Plain):
    """A closed line, optionally with holes."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for lines that are too short or open."""
        _POLYGON.read(value, at)
        for line in [value["exterior"], *(value.get("interiors") or [])]:
            points = line["points"]
            if len(points) <= 3:
                raise Mismatch(
                    f"Validation failed: polygon invalid, the size must be at least 4, got {len(points)}", at
                )
            if points[0] != points[-1]:
                text = "the first and the last points should be the same to form a closed line"
                raise Mismatch(f"Validation failed: polygon invalid, {text}", at)


def _says_nothing(value: Mapping[str, Any]) -> str | None:
    given = any(value.get(name) is not None for name in _FIELD.fields if name != "key")
    return None if given else "At least one field condition must be specified"


_FIELD = Struct(
    "FieldCondition",
    {
        "key": PATH,
        "match": Maybe(_MATCH),
        "range": Maybe(_Range()),
        "geo_bounding_box": Maybe(Struct("GeoBoundingBox", {"top_left": Geo(), "bottom_right": Geo()})),
        "geo_radius": Maybe(Struct("GeoRadius", {"center": Geo(), "radius": Number(kind="f64")})),
        "geo_polygon": Maybe(_Polygon()),
        "values_count": Maybe(Struct("ValuesCount", dict.fromkeys(_BOUNDS, COUNT))),
        "is_empty": FLAG,
        "is_null": FLAG,
    },
    rule=_says_nothing,
)


@dataclass(frozen=True)
class _Condition:
    """One condition of any kind."""

    def read(self, value: Any, at: Place) -> None:
        """Check a field condition when it has a key, otherwise one of the others."""
        if isinstance(value, dict) and "key" in value:
            if not isinstance(value["key"], str):
                raise Mismatch("Filter condition 'key' must be a string", at)
            _FIELD.read(value, at)
        else:
            _OTHERS.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of the matching condition."""
        yield from (_FIELD if "key" in value else _OTHERS).check(value, name)


_CONDITIONS = Maybe(ListOf(_Condition(), or_one=True))
FILTER_STRUCT = Struct(
    "Filter",
    {
        "should": _CONDITIONS,
        "min_should": Maybe(Struct("MinShould", {"conditions": ListOf(_Condition()), "min_count": Integer()})),
        "must": _CONDITIONS,
        "must_not": _CONDITIONS,
    },
    closed=True,
)
FILTER = Maybe(FILTER_STRUCT)
_OTHERS = Untagged(
    "Condition",
    (
        _only("is_empty", Struct("PayloadField", {"key": PATH})),
        _only("is_null", Struct("PayloadField", {"key": PATH})),
        _only("has_id", ListOf(POINT_ID)),
        _only("has_vector", Text()),
        _only("nested", Struct("Nested", {"key": PATH, "filter": Later(lambda: FILTER_STRUCT)})),
        Later(lambda: FILTER_STRUCT),
    ),
    _EXPECTED,
)
CONDITION = _Condition()
