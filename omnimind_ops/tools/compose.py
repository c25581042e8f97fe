"""Read a Compose file as Compose does: YAML 1.2 scalars, ${VAR:-default}, several files merged."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from omnimind_ops.model.json import JSON

NEEDS_COMPOSE = ("extends", "include")
"""Keys that refer to other files: only Compose itself reads them correctly."""
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|us|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Loader(yaml.SafeLoader):
    """YAML loader with Compose's rules. PyYAML reads YAML 1.1: `22:22` as 1342, `no` as False, dates as dates."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | str:
    """Keep a number with a leading zero ("0644") as text: Python reads it as octal, YAML 1.2 as decimal."""
    text = str(loader.construct_scalar(node))
    return text if re.fullmatch(r"[-+]?0[0-9]+", text) else int(text, 0)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def parse(text: str) -> dict[str, JSON]:
    """Return the mapping in a Compose file; raise ValueError for anything else, also for !reset and !override."""
    try:
        document = _plain(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict):
        raise ValueError("a Compose file must be a mapping")
    return document


def _plain(value: Any) -> JSON:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)


def interpolate(value: JSON, variables: Mapping[str, str]) -> JSON:
    """Replace variables in every text; one that has neither value nor default stays as it is."""
    match value:
        case str():
            return _interpolated(value, variables)
        case Mapping():
            return {key: interpolate(item, variables) for key, item in value.items()}
        case list() | tuple():
            return [interpolate(item, variables) for item in value]
        case _:
            return value


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    parts, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        if text.startswith("$$", dollar):
            part, at = "$", dollar + 2
        elif text.startswith("${", dollar) and (end := _closing_brace(text, dollar + 2)):
            part, at = _braced(text[dollar + 2 : end], variables), end + 1
        elif name := _NAME.match(text, dollar + 1):
            part, at = variables.get(name.group(), f"${name.group()}"), name.end()
        else:
            part, at = "$", dollar + 1
        parts.append(part)
    return "".join((*parts, text[at:]))


def _closing_brace(text: str, at: int) -> int:
    """Return the position of the brace that closes the one before `at`, 0 if there is none.

    Defaults may contain variables.
    """
    depth = 1
    for position in range(at, len(text)):
        depth += text.startswith("${", position) - (text[position] == "}")
        if not depth:
            return position
    return 0


def _braced(expression: str, variables: Mapping[str, str]) -> str:
    """Return the value of `VAR`, alone or with `:-default`, `-default`, `:?error`, `?error`, `:+other` or `+other`."""
    name = _NAME.match(expression)
    if not name:
        return f"${{{expression}}}"
    value, rest = variables.get(name.group()), expression[name.end() :]
    if rest.startswith(":"):
        value, rest = value or None, rest[1:]
    operator, operand = rest[:1], rest[1:]
    if operator == "+":
        return "" if value is None else _interpolated(operand, variables)
    if value is not None:
        return value
    return _interpolated(operand, variables) if operator == "-" else f"${{{expression}}}"


def merge(base: Mapping[str, JSON], override: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return base merged with a later file: mappings merge, lists of settings grow, everything else is replaced."""
    result = dict(base)
    for key, value in override.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merge(old, value)
        elif key in ("environment", "labels", "args") and old is not None and value is not None:
            result[key] = merge(pairs(old), pairs(value))
        elif isinstance(old, list) and isinstance(value, list) and key not in ("command", "entrypoint", "test"):
            result[key] = [*old, *(item for item in value if item not in old)]
        else:
            result[key] = value
    return result


def pairs(value: JSON) -> dict[str, JSON]:
    """Return a mapping for a section that is a mapping or a list of NAME=VALUE; a bare NAME has None."""
    match value:
        case Mapping():
            return dict(value)
        case list() | tuple():
            items = (str(item).partition("=") for item in value)
            return {name: text if equals else None for name, equals, text in items}
        case _:
            return {}


def needs_compose(document: Mapping[str, JSON]) -> bool:
    """Return whether the file refers to others in a way that only Compose resolves."""
    return any(key in part for part in (document, *services(document).values()) for key in NEEDS_COMPOSE)


def services(document: Mapping[str, JSON]) -> dict[str, Mapping[str, JSON]]:
    """Return the services by name; a service without keys is an empty mapping."""
    return {name: _mapping(body) for name, body in _mapping(document.get("services")).items()}


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}


def seconds(period: JSON) -> int | None:
    """Return a duration (90, "90s", "1m30s") in whole seconds, rounded up; None for none."""
    if isinstance(period, int):
        return period
    parts = _PARTS.findall(period) if isinstance(period, str) else []
    return math.ceil(sum(float(number) * _UNITS[unit] for number, unit in parts)) if parts else None
