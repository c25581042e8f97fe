"""Read a step's JSON arguments as the types its handler expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from omnimind_ops.model.json import JSON


def text(args: Mapping[str, JSON], key: str) -> str:
    """Return a text argument, "" when absent."""
    return str(args.get(key) or "")


def number(args: Mapping[str, JSON], key: str) -> int:
    """Return a whole number, 0 when absent."""
    return int(str(args.get(key) or 0))


def words(value: JSON) -> tuple[str, ...]:
    """Return a list of texts, empty when absent."""
    return tuple(str(item) for item in value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
