"""Faults in a TOML file of settings, reported with their line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable

from omnimind_ops.tools.redact import MASK, may_be_secret

SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def parse(text: str) -> dict[str, object]:
    """Return the tables of a TOML text; a ValueError contains line and column."""
    return dict(tomllib.loads(text))


def word(text: str, kind: type, *, many: bool) -> object:
    """Return the value of a variable's text for a setting of this kind.

    Text that does not fit stays text, and is refused with the other faults.
    """
    if many:
        inner = text.strip().removeprefix("[").removesuffix("]")
        return tuple(_number(part.strip().strip("\"'")) for part in inner.split(",") if part.strip())
    if kind is bool:
        return SWITCH.get(text.strip().lower(), text)
    return _number(text) if kind is int else text


def _number(text: str) -> object:
    return int(text) if re.fullmatch(r"\s*-?\d+\s*", text) else text


def unknown(name: str, names: Iterable[str]) -> str:
    """Return the message about an unknown setting, with a suggestion."""
    matches = difflib.get_close_matches(name, list(names), 1)
    return f"there is no setting {name}" + (f"; did you mean {matches[0]}?" if matches else "")


def refused(name: str, why: str, value: object) -> str:
    """Return the message about an invalid value of a setting."""
    return f"{name}: {why}, not {MASK if may_be_secret(name) else repr(value)}"


def located(name: str, fault: str, text: str, variables: Iterable[str]) -> tuple[int, str]:
    """Return a fault of a setting with its line in the file `text`, 0 if it is on no line.

    `variables` are the settings that the environment sets.
    """
    if name in variables:
        return 0, f"variable OMNIMIND_{name.upper()}: {fault}"
    number, line = _line(text, name)
    return number, f"line {number}: {fault}: {line}" if number else fault


def _line(text: str, name: str) -> tuple[int, str]:
    """Return the number and text of the line that sets a key or opens a table, 0 when none does."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*(=|\.|\]).*")
    for number, line in enumerate(text.splitlines(), 1):
        if name and pattern.match(line):
            return number, re.sub(r"=.*", f"= {MASK}", line.strip()) if may_be_secret(name) else line.strip()
    return 0, ""
