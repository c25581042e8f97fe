"""Read a Compose file as Compose does: YAML 1.2 scalars, ${VAR:-default}, several files merged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from omnimind_ops.model.json import JSON

NEEDS_COMPOSE = ("extends", "include")
"""Keys that refer to other files: only Compose itself reads them correctly."""
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
        found = _plain(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if not isinstance(found, dict):
        raise ValueError("it is not a mapping")
    return found


def _plain(value: Any) -> JSON:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def interpolate(value: JSON, variables: Mapping[str, str]) -> JSON:
    """Replace variables in every text; one that has neither value nor default stays as it is."""
    if isinstance(value, str):
        return _text(value, variables)
    if isinstance(value, Mapping):
        return {key: interpolate(item, variables) for key, item in value.items()}
    return [interpolate(item, variables) for item in value] if isinstance(value, list | tuple) else value


def _text(text: str, variables: Mapping[str, str]) -> str:
    done, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        if text.startswith("$$", dollar):
            word, at = "$", dollar + 2
        elif text.startswith("${", dollar) and (end := _end(text, dollar + 2)):
            word, at = _braced(text[dollar + 2 : end], variables), end + 1
        elif name := _NAME.match(text, dollar + 1):
            word, at = variables.get(name.group(), f"${name.group()}"), name.end()
        else:
            word, at = "$", dollar + 1
        done.append(word)
    return "".join((*done, text[at:]))


def _end(text: str, at: int) -> int:
    """Return the position of the brace that closes the one before `at`, 0 if there is none.

    Defaults may contain variables.
    """
    depth = 1
    for place in range(at, len(text)):
        depth += text.startswith("${", place) - (text[place] == "}")
        if not depth:
            return place
    return 0


def _braced(inside: str, variables: Mapping[str, str]) -> str:
    """Return the value of `VAR`, alone or with `:-default`, `-default`, `:?error`, `?error`, `:+other` or `+other`."""
    name = _NAME.match(inside)
    if not name:
        return f"${{{inside}}}"
    value, rest = variables.get(name.group()), inside[name.end() :]
    if rest.startswith(":"):
        value, rest = value or None, rest[1:]
    kind, word = rest[:1], rest[1:]
    if kind == "+":
        return "" if value is None else _text(word, variables)
    if value is not None:
        return value
    return _text(word, variables) if kind == "-" else f"${{{inside}}}"


def merge(base: Mapping[str, JSON], over: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return base merged with a later file: mappings merge, lists of settings grow, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
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
    if isinstance(value, Mapping):
        return dict(value)
    items = (str(item).partition("=") for item in value) if isinstance(value, list | tuple) else ()
    return {name: (word if equals else None) for name, equals, word in items}


def needs_compose(document: Mapping[str, JSON]) -> bool:
    """Return whether the file refers to others in a way that only Compose resolves."""
    services = document.get("services")
    bodies = services.values() if isinstance(services, Mapping) else ()
    return any(isinstance(part, Mapping) and key in part for part in (document, *bodies) for key in NEEDS_COMPOSE)
