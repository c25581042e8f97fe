"""Small types that many requests share: point ids, payload paths, dates, geographic points."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from .compound import ListOf, MapOf, Maybe, Struct, Untagged
from .types import U64, Anything, Boolean, Broken, Integer, Mismatch, Number, Place, Plain, Text

_KEY = r'(?:[\w-]+|"[^"\\]*")'
_PATH = re.compile(rf"{_KEY}(?:\.{_KEY}|\[\d*\])*")
I64 = Integer(kind="i64", start=-(2**63), end=2**63 - 1)
U32_LIST = ListOf(Integer(kind="u32", end=2**32 - 1))
FLAG = Maybe(Boolean())
COUNT = Maybe(Integer())
SCORE = Maybe(Number())


def plain(value: float) -> str:
    """Return a number in full, without an exponent, as the real server writes it."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class PointId(Plain):
    """A number or a UUID in any of its formats."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for anything else."""
        if not is_point_id(value):
            shown = plain(value) if isinstance(value, float) else str(value)
            text = f"value {shown} is not a valid point ID, valid values are either an unsigned integer or a UUID"
            raise Mismatch(text, at)


def is_point_id(value: Any) -> bool:
    """Return whether this is a point id."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return 0 <= value <= U64
    return isinstance(value, str) and is_uuid(value)


def is_uuid(text: str) -> bool:
    """Return whether this is a UUID: 32 hexadecimal digits, with hyphens, in braces or as a URN."""
    try:
        UUID(text)
    except ValueError:
        return False
    return len(text.removeprefix("urn:uuid:").strip("{}")) in (32, 36)


@dataclass(frozen=True)
class PayloadPath(Plain):
    """A path into a payload, like `a.b[].c`."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for an invalid path."""
        Text().read(value, at)
        if not _PATH.fullmatch(value):
            raise Mismatch(f"Invalid json path: '{value}'", at)


@dataclass(frozen=True)
class Date(Plain):
    """A date or a time, RFC 3339."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for an invalid date."""
        Text().read(value, at)
        try:
            datetime.fromisoformat(value)
        except ValueError:
            text = f"'{value}' does not match accepted datetime format (RFC3339). Example: 2014-01-01T00:00:00Z"
            raise Mismatch(text, at) from None


_PLACE = Struct("GeoPointShadow", {"lon": Number(kind="f64"), "lat": Number(kind="f64")})


@dataclass(frozen=True)
class Geo(Plain):
    """A geographic point."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for coordinates out of range."""
        _PLACE.read(value, at)
        lat, lon = value["lat"], value["lon"]
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            shown = f"expected `lat` = {plain(lat)} within [-90;90] and `lon` = {plain(lon)} within [-180;180]"
            raise Mismatch(f"Wrong format of GeoPoint payload: {shown}", at)


POINT_ID, PATH = PointId(), PayloadPath()
PAYLOAD = MapOf(Anything())
WITH_PAYLOAD = Maybe(
    Untagged(
        "WithPayloadInterface",
        (
            Boolean(),
            ListOf(PATH),
            Struct("Include", {"include": ListOf(PATH)}),
            Struct("Exclude", {"exclude": ListOf(PATH)}),
        ),
        "Expected a boolean, an array of strings, or an object with an include/exclude field",
    )
)
WITH_VECTOR = Maybe(Untagged("WithVector", (Boolean(), ListOf(Text())), "Expected a boolean, or an array of strings"))
_SHARD_KEY = Untagged("ShardKey", (Text(), Integer(kind="u64")))
SHARD_KEY = Maybe(
    Untagged(
        "ShardKeySelector",
        (_SHARD_KEY, ListOf(_SHARD_KEY), Struct("Fallback", {"target": _SHARD_KEY, "fallback": _SHARD_KEY})),
        "Expected a string or an integer",
    )
)


def broken_by(name: str, text: str) -> Broken:
    """Return an error that the real server reports without its own message."""
    return name, f"Validation error: {text} [{{}}]"
