"""Flatten a Compose document to its leaves with their paths; lists of NAME=VALUE are keyed by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from omnimind_ops.model.json import JSON

NAMED = {
    ("environment",): "=",
    ("labels",): "=",
    ("build", "args"): "=",
    ("build", "labels"): "=",
    ("sysctls",): "=",
    ("extra_hosts",): ":",
    ("deploy", "labels"): "=",
}
"""Sections that Compose also accepts as a list of pairs, with the separator between name and value."""


@dataclass(frozen=True)
class Leaf:
    """One value; `path` is the keys down to it, `before` the previous item of the same list."""

    path: tuple[str, ...]
    value: JSON
    before: str = ""

    @property
    def key(self) -> str:
        """Return the dotted key: "ports[0].target", "environment.QDRANT_URL"."""
        return "".join(word if word.startswith("[") else f".{word}" for word in self.path).removeprefix(".")


def leaves(value: JSON, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield every value that contains no other; an empty mapping or list is a value."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list | tuple) and value:
        yield from _pairs(value, path) if path in NAMED else _items(value, path)
    else:
        yield Leaf(path, value)


def _items(items: list[JSON] | tuple[JSON, ...], path: tuple[str, ...]) -> Iterator[Leaf]:
    before = ""
    for number, item in enumerate(items):
        if isinstance(item, Mapping | list | tuple) and item:
            yield from leaves(item, (*path, f"[{number}]"))
        else:
            yield Leaf((*path, f"[{number}]"), item, before)
        before = str(item)


def _pairs(items: list[JSON] | tuple[JSON, ...], path: tuple[str, ...]) -> Iterator[Leaf]:
    """Yield each item by its name; a repeated name also gets its number, because Compose uses the last one."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        mark = NAMED[path] if NAMED[path] in str(item) else "="
        name, given, word = str(item).partition(mark)
        yield Leaf((*path, name, f"[{number}]") if name in seen else (*path, name), word if given else None)
        seen.add(name)
