"""Values composed of others: lists, objects, alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .types import Broken, Mismatch, Place, Type, wrong_type


@dataclass(frozen=True)
class Maybe:
    """A type, or null."""

    inner: Type

    def read(self, value: Any, at: Place) -> None:
        """Check against the inner type, unless the value is null."""
        if value is not None:
            self.inner.read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Yield the errors of the inner type, unless the value is null."""
        if value is not None:
            yield from self.inner.check(value, name)


@dataclass(frozen=True)
class Later:
    """A type that is declared later, because it contains itself."""

    find: Callable[[], Type]

    def read(self, value: Any, at: Place) -> None:
        """Check against the type."""
        self.find().read(value, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Yield the errors of the type."""
        yield from self.find().check(value, name)


@dataclass(frozen=True)
class ListOf:
    """A list. `few` is the error for an empty list; `or_one` accepts a single item as a list of one."""

    inner: Type
    or_one: bool = False
    few: str | None = None

    def read(self, value: Any, at: Place) -> None:
        """Check the type of each item."""
        if not isinstance(value, list):
            if not self.or_one:
                raise wrong_type(value, "a sequence", at)
            self.inner.read(value, at)
            return
        for index, item in enumerate(value):
            self.inner.read(item, (*at, index))

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of each item."""
        if not isinstance(value, list):
            yield from self.inner.check(value, f"{name}[0]")
            return
        if self.few and not value:
            yield name, self.few
        for index, item in enumerate(value):
            yield from self.inner.check(item, f"{name}[{index}]")


@dataclass(frozen=True)
class MapOf:
    """An object with arbitrary names; the real server does not report which of them violates a bound."""

    inner: Type

    def read(self, value: Any, at: Place) -> None:
        """Check the type of each value."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a map", at)
        for key, item in value.items():
            self.inner.read(item, (*at, key))

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of each value."""
        results = [broken for item in value.values() if (broken := list(self.inner.check(item, "")))]
        for index, broken in enumerate(results):
            middle = "?" if len(results) == 1 else f"?[{index}]"
            yield from ((f"{name}.{middle}{inner}", text) for inner, text in broken)


@dataclass(frozen=True)
class Struct:
    """An object with known fields. A field that is not a `Maybe`, or is in `needed`, is required; unknown fields are
    ignored unless `closed`.

    `flat` is the prefix of the field names in errors, `rule` returns an error about the whole object.
    """

    name: str
    fields: Mapping[str, Type]
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    flat: str = ""
    closed: bool = False
    rule: Callable[[Mapping[str, Any]], str | None] | None = None
    needed: frozenset[str] = frozenset()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Return the required fields."""
        return tuple(
            name
            for name, inner in self.fields.items()
            if name in self.needed or (not isinstance(inner, Maybe) and name not in self.optional)
        )

    def read(self, value: Any, at: Place) -> None:
        """Check the types of known fields and that required ones exist."""
        if isinstance(value, list):
            raise Mismatch(
                f"invalid length 0, expected struct {self.name} with {len(self.fields)} elements", at, inside=True
            )
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
            if name not in value and not any(
                value.get(alias) is not None for alias, of in self.aliases.items() if of == name
            ):
                raise Mismatch(f"missing field `{name}`", at, inside=True)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of each field, then the rule."""
        front = f"{name}.{self.flat}" if self.flat else name
        for key, item in value.items():
            inner = self.fields.get(self.aliases.get(key, key))
            if inner is not None:
                yield from inner.check(item, f"{front}.{self.aliases.get(key, key)}")
        if self.rule and (text := self.rule(value)):
            yield f"{name}.__all__", f"Validation error: {text} [{{}}]"


@dataclass(frozen=True)
class Untagged:
    """The first matching one of several types."""

    name: str
    inner: tuple[Type, ...]
    expecting: str | None = None

    def read(self, value: Any, at: Place) -> None:
        """Check that one of the types matches."""
        if self.fitting(value) is None:
            raise Mismatch(self.expecting or f"data did not match any variant of untagged enum {self.name}", at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of the matching type."""
        result = self.fitting(value)
        if result is not None:
            yield from result.check(value, name)

    def fitting(self, value: Any) -> Type | None:
        """Return the first type that accepts the value."""
        for inner in self.inner:
            try:
                inner.read(value, ())
            except Mismatch:
                continue
            return inner
        return None


@dataclass(frozen=True)
class Ruled:
    """A type with an additional rule:

    `misfit` returns why a value is invalid, `broken` yields additional violated bounds.
    """

    inner: Type
    broken: Callable[[Any, str], Iterator[Broken]] = lambda _value, _name: iter(())
    misfit: Callable[[Any], str | None] = lambda _: None

    def read(self, value: Any, at: Place) -> None:
        """Check against the inner type, then the rule."""
        self.inner.read(value, at)
        if text := self.misfit(value):
            raise Mismatch(text, at)

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Check the bounds of the rule, then of the inner type."""
        yield from self.broken(value, name)
        yield from self.inner.check(value, name)


def clean(kind: Type, value: Any) -> Any:
    """Return a valid value with aliases replaced by the fields' own names, without unknown and null fields."""
    match kind:
        case Maybe(inner) | Ruled(inner):
            return None if value is None else clean(inner, value)
        case Later():
            return clean(kind.find(), value)
        case ListOf(inner) if isinstance(value, list):
            return [clean(inner, item) for item in value]
        case MapOf(inner):
            return {key: clean(inner, item) for key, item in value.items()}
        case Struct():
            known = {kind.aliases.get(key, key): item for key, item in value.items() if item is not None}
            return {key: clean(kind.fields[key], item) for key, item in known.items() if key in kind.fields}
        case Untagged():
            result = kind.fitting(value)
            return value if result is None else clean(result, value)
    return value
