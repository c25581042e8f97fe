"""Single values of a request: `read` reports a type mismatch, `check` reports violated bounds of a valid value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from omnimind_ops.embedded.qdrant.wire import dumps

Place = tuple[str | int, ...]
Broken = tuple[str, str]
"""A field, and its error."""
U32, U64 = 2**32 - 1, 2**64 - 1


class Mismatch(ValueError):  # noqa: N818 - the client's error, not the server's
    """A value that is not of its type.

    `at` is its position; `inside` tells whether the mismatch was found while the value itself was parsed.
    """

    def __init__(self, text: str, at: Place, inside: bool = False) -> None:
        super().__init__(text)
        self.at = at
        self.inside = inside


class Type(Protocol):
    """One type of a request."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch when the value is not of this type."""

    def check(self, value: Any, name: str, /) -> Iterator[Broken]:
        """Yield the bounds that a value of this type violates; `name` is the field's dotted name."""


def unexpected(value: Any) -> str:
    """Return a value as the real server shows it in its errors."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f"string {dumps(value).decode()}"
    if isinstance(value, int | float):
        return f"{'integer' if isinstance(value, int) else 'floating point'} `{value}`"
    return "sequence" if isinstance(value, list) else "map"


def wrong_type(value: Any, expected: str, at: Place) -> Mismatch:
    """Return the error for a value of another type."""
    return Mismatch(f"invalid type: {unexpected(value)}, expected {expected}", at, inside=True)


class Plain:
    """A type without bounds."""

    def check(self, _value: Any, _name: str, /) -> Iterator[Broken]:
        """Yield nothing."""
        yield from ()


@dataclass(frozen=True)
class Anything(Plain):
    """Any JSON value."""

    def read(self, value: Any, at: Place) -> None:
        """Accept everything."""


@dataclass(frozen=True)
class Bounds:
    """Bounds of numbers: from `least` to `most`."""

    least: float | None = None
    most: float | None = None

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Yield an error unless the number is within its bounds."""
        low, high = self.least, self.most
        if (low is None or value >= low) and (high is None or value <= high):
            return
        if high is None:
            yield name, f"value {value} invalid, must be {low} or larger"
        elif low is None:
            yield name, f"value {value} invalid, must be {high} or smaller"
        else:
            yield name, f"value {value} invalid, must be from {low} to {high}"


@dataclass(frozen=True)
class Integer(Bounds):
    """A whole number, non-negative by default."""

    kind: str = "usize"
    start: int = 0
    end: int = U64

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other types and for numbers out of the kind's range."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(value, self.kind, at)
        if not self.start <= value <= self.end:
            raise Mismatch(f"invalid value: {unexpected(value)}, expected {self.kind}", at, inside=True)


@dataclass(frozen=True)
class Number(Bounds):
    """Any number."""

    kind: str = "f32"

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other types."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(value, self.kind, at)


@dataclass(frozen=True)
class Text(Plain):
    """A string."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other types."""
        if not isinstance(value, str):
            raise wrong_type(value, "a string", at)


@dataclass(frozen=True)
class Boolean(Plain):
    """True or false."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other types."""
        if not isinstance(value, bool):
            raise wrong_type(value, "a boolean", at)


@dataclass(frozen=True)
class Word(Plain):
    """One of a few words."""

    choices: tuple[str, ...]

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for other words and types."""
        if not isinstance(value, str):
            raise wrong_type(value, "string or map", at)
        if value not in self.choices:
            listed = ", ".join(f"`{word}`" for word in self.choices)
            expected = f"expected one of {listed}" if len(self.choices) > 1 else f"expected {listed}"
            raise Mismatch(f"unknown variant `{value}`, {expected}", at, inside=True)
