"""Building blocks of request types: `read` says what does not fit, `check` which bounds a fitting value breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from omnimind_ops.embedded.qdrant.wire import dumps

Place = tuple[str | int, ...]
Broken = tuple[str, str]
"""A field, and what is wrong with it."""
U32, U64 = 2**32 - 1, 2**64 - 1


class Mismatch(ValueError):
    """A value that is not of its type; `at` is where it stands, `inside` whether it was found while the value itself was read."""

    def __init__(self, text: str, at: Place, inside: bool = False) -> None:
        super().__init__(text)
        self.at = at
        self.inside = inside


class Type(Protocol):
    """One type of a request."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch when the value is not of this type."""

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """The bounds that a value of this type breaks; `name` is the field's dotted name."""


def unexpected(value: Any) -> str:
    """A value as the real server names it in its errors."""
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
    """The error for a value of another type."""
    return Mismatch(f"invalid type: {unexpected(value)}, expected {expected}", at, inside=True)


class Plain:
    """A type without bounds."""

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Nothing."""
        yield from ()


@dataclass(frozen=True)
class Anything(Plain):
    """Any JSON."""

    def read(self, value: Any, at: Place) -> None:
        """Everything fits."""


@dataclass(frozen=True)
class Bounds:
    """What numbers have in common: from `least` to `most`."""

    least: float | None = None
    most: float | None = None

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Whether the number is between its bounds."""
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
    """A whole number that is not negative."""

    kind: str = "usize"
    start: int = 0
    end: int = U64

    def read(self, value: Any, at: Place) -> None:
        """Refuse other types and numbers too large for the kind."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(value, self.kind, at)
        if not self.start <= value <= self.end:
            raise Mismatch(f"invalid value: {unexpected(value)}, expected {self.kind}", at, inside=True)


@dataclass(frozen=True)
class Number(Bounds):
    """Any number."""

    kind: str = "f32"

    def read(self, value: Any, at: Place) -> None:
        """Refuse other types."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(value, self.kind, at)


@dataclass(frozen=True)
class Text(Plain):
    """A string."""

    def read(self, value: Any, at: Place) -> None:
        """Refuse other types."""
        if not isinstance(value, str):
            raise wrong_type(value, "a string", at)


@dataclass(frozen=True)
class Boolean(Plain):
    """True or false."""

    def read(self, value: Any, at: Place) -> None:
        """Refuse other types."""
        if not isinstance(value, bool):
            raise wrong_type(value, "a boolean", at)


@dataclass(frozen=True)
class Word(Plain):
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: Any, at: Place) -> None:
        """Refuse other words and types."""
        if not isinstance(value, str):
            raise wrong_type(value, "string or map", at)
        if value not in self.words:
            listed = ", ".join(f"`{word}`" for word in self.words)
            expected = f"expected one of {listed}" if len(self.words) > 1 else f"expected {listed}"
            raise Mismatch(f"unknown variant `{value}`, {expected}", at, inside=True)


@dataclass(frozen=True)
class Maybe:
    """A type, or null."""

    inner: Type

    def read(self, value: Any, at: Place) -> None:
        """As the inner type."""
        if value is not None:
            self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """As the inner type."""
        if value is not None:
            yield from self.inner.check(value, name)


@dataclass(frozen=True)
class Later:
    """A type that is declared further down, because it contains itself."""

    find: Callable[[], Type]

    def read(self, value: Any, at: Place) -> None:
        """As the type."""
        self.find().read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """As the type."""
        yield from self.find().check(value, name)


@dataclass(frozen=True)
class ListOf:
    """A list; `least` items, or `few` is the complaint; `or_one` takes a single item for a list of one."""

    inner: Type
    or_one: bool = False
    few: str | None = None

    def read(self, value: Any, at: Place) -> None:
        """Each item must fit."""
        if not isinstance(value, list):
            if not self.or_one:
                raise wrong_type(value, "a sequence", at)
            return self.inner.read(value, at)
        for index, item in enumerate(value):
            self.inner.read(item, (*at, index))

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Each item's bounds."""
        if not isinstance(value, list):
            yield from self.inner.check(value, f"{name}[0]")
            return
        if self.few and not value:
            yield name, self.few
        for index, item in enumerate(value):
            yield from self.inner.check(item, f"{name}[{index}]")


@dataclass(frozen=True)
class MapOf:
    """An object with names of the caller's choice; the real server does not say which of them broke a bound."""

    inner: Type

    def read(self, value: Any, at: Place) -> None:
        """Each value must fit."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a map", at)
        for key, item in value.items():
            self.inner.read(item, (*at, key))

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Each value's bounds."""
        found = [broken for item in value.values() if (broken := list(self.inner.check(item, "")))]
        for index, broken in enumerate(found):
            middle = "?" if len(found) == 1 else f"?[{index}]"
            yield from ((f"{name}.{middle}{inner}", text) for inner, text in broken)


@dataclass(frozen=True)
class Struct:
    """An object with known fields; what is not a `Maybe` must be there, others than these are ignored unless `closed`.

    `flat` is the name that the fields' complaints bear in front, `rule` a complaint about the whole object.
    """

    name: str
    fields: Mapping[str, Type]
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    flat: str = ""
    closed: bool = False
    rule: Callable[[Mapping[str, Any]], str | None] | None = None

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Fields that must be there."""
        return tuple(name for name, inner in self.fields.items() if not isinstance(inner, Maybe) and name not in self.optional)

    def read(self, value: Any, at: Place) -> None:
        """Known fields must fit, required ones be there."""
        if isinstance(value, list):
            raise Mismatch(f"invalid length 0, expected struct {self.name} with {len(self.fields)} elements", at, inside=True)
        if not isinstance(value, dict):
            raise wrong_type(value, f"struct {self.name}", at)
        for key, item in value.items():
            inner = self.fields.get(self.aliases.get(key, key))
            if inner is not None:
                inner.read(item, (*at, key))
            elif self.closed:
                listed = ", ".join(f"`{name}`" for name in self.fields)
                raise Mismatch(f"unknown field `{key}`, expected one of {listed}", (*at, key), inside=True)
        for name in self.required:
            if name not in value and not any(value.get(alias) is not None for alias, of in self.aliases.items() if of == name):
                raise Mismatch(f"missing field `{name}`", at, inside=True)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Each field's bounds, then the rule."""
        front = f"{name}.{self.flat}" if self.flat else name
        for key, item in value.items():
            inner = self.fields.get(self.aliases.get(key, key))
            if inner is not None:
                yield from inner.check(item, f"{front}.{self.aliases.get(key, key)}")
        if self.rule and (text := self.rule(value)):
            yield f"{name}.__all__", f"Validation error: {text} [{{}}]"


@dataclass(frozen=True)
class Untagged:
    """The first of several types that fits."""

    name: str
    inner: tuple[Type, ...]
    expecting: str | None = None

    def read(self, value: Any, at: Place) -> None:
        """One of them must fit."""
        if self.fitting(value) is None:
            raise Mismatch(self.expecting or f"data did not match any variant of untagged enum {self.name}", at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """The bounds of the one that fits."""
        found = self.fitting(value)
        if found is not None:
            yield from found.check(value, name)

    def fitting(self, value: Any) -> Type | None:
        """The first type that takes the value."""
        for inner in self.inner:
            try:
                inner.read(value, ())
            except Mismatch:
                continue
            return inner
        return None
