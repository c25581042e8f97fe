"""Flatten a Compose document to single values with their paths; lists of NAME=VALUE are keyed by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
class Entry:
    """One value; `path` is the keys down to it, `previous` the item before it in the same list."""

    path: tuple[str, ...]
    value: JSON
    previous: str = ""

    @property
    def key(self) -> str:
        """Return the dotted key: "ports[0].target", "environment.QDRANT_URL"."""
        return "".join(part if part.startswith("[") else f".{part}" for part in self.path).removeprefix(".")


def flatten(value: JSON, path: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Yield every value that contains no other; an empty mapping or list is a value."""
    match value:
        case Mapping() if value:
            for name, item in value.items():
                yield from flatten(item, (*path, name))
        case list() | tuple() if value:
            yield from _pairs(value, path) if path in NAMED else _items(value, path)
        case _:
            yield Entry(path, value)


def _items(items: list[JSON] | tuple[JSON, ...], path: tuple[str, ...]) -> Iterator[Entry]:
    previous = ""
    for number, item in enumerate(items):
        at = (*path, f"[{number}]")
        for entry in flatten(item, at):
            yield replace(entry, previous=previous) if entry.path == at else entry
        previous = str(item)


def _pairs(items: list[JSON] | tuple[JSON, ...], path: tuple[str, ...]) -> Iterator[Entry]:
    """Yield each item by its name; a repeated name also gets its number, because Compose uses the last one."""
    names: set[str] = set()
    for number, item in enumerate(items):
        separator = NAMED[path] if NAMED[path] in str(item) else "="
        name, has_value, text = str(item).partition(separator)
        yield Entry((*path, name, f"[{number}]") if name in names else (*path, name), text if has_value else None)
        names.add(name)
