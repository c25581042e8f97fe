"""Rules for settings, defined once in their dataclass fields, and the faults of a value that breaks them. Pure.

No pydantic, because it takes 0.15 s of every command's start: docs/decisions/025-settings-without-pydantic.md.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

RULE = "rule"
_KINDS = {bool: "true or false", int: "an integer", str: "a text", tuple: "a list"}


@dataclass(frozen=True)
class Rule:
    """Limits of a setting.

    `least` and `most` apply to a number, or to each in a list; `pattern`, `choices` and `absolute` (a path) to a text.
    `filled`: not empty.
    """

    description: str
    kind: type
    item: type | None = None
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
    absolute: bool = False
    filled: bool = False


def setting(default: Any, description: str, *, item: type | None = None, **limits: Any) -> Any:
    """Return a dataclass field with a rule; its kind is that of the default, `item` that of a list's items."""
    return field(default=default, metadata={RULE: Rule(description, type(default), item, **limits)})


def rules(settings: type) -> dict[str, Rule]:
    """Return the rule of each setting of a dataclass."""
    fields = dataclasses.fields(settings)
    return {field.name: field.metadata[RULE] for field in fields if RULE in field.metadata}


def faults(rule: Rule, value: object) -> Iterator[tuple[str, object]]:
    """Yield each fault of a value, and the faulty part."""
    if type(value) is not rule.kind:
        yield f"must be {_KINDS[rule.kind]}", value
    elif rule.filled and not value:
        yield "must not be empty", value
    elif isinstance(value, tuple):
        for part in value:
            if type(part) is not rule.item:
                yield f"each must be {_KINDS[rule.item or str]}", part
            else:
                yield from _limits(rule, part)
    else:
        yield from _limits(rule, value)


def _limits(rule: Rule, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, int):
        if rule.least is not None and value < rule.least:
            yield f"must be at least {rule.least}", value
        if rule.most is not None and value > rule.most:
            yield f"must be at most {rule.most}", value
    if not isinstance(value, str):
        return
    if rule.choices and value not in rule.choices:
        yield f"must be one of {', '.join(map(repr, rule.choices))}", value
    if rule.pattern and not re.fullmatch(rule.pattern, value):
        yield f"must match {rule.pattern}", value
    if rule.absolute and value and not value.startswith("/"):
        yield "must be an absolute path, beginning with /", value
