"""Render OmniMind's templates; a missing name is an error, not an empty line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from omnimind_ops import paths

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Return the Jinja environment of templates/.

    A line that contains only a tag leaves no line behind; the last newline stays.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    jinja = Environment(
        loader=FileSystemLoader(paths.data("templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 configuration, not HTML: escaping would break it
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters |= {"word": word, "assign": assign}
    return jinja


def render(template: str, values: Mapping[str, object]) -> str:
    """Return a template, e.g. "systemd/qdrant.service.j2", filled with `values`."""
    return environment().get_template(template).render(**values)


def word(value: str) -> str:
    """Return any text as one word of a unit file's line (systemd.syntax(7)): quoted if necessary, without specifiers.

    ValueError for text that no line can contain.
    """
    if set(value) & set("\n\r\0"):
        raise ValueError(f"no line of a unit file can hold {value!r}")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\";") else escaped


def assign(variables: Mapping[str, str], *names: str) -> str:
    """Return these variables as words of a unit's line Environment=."""
    return " ".join(word(f"{name}={variables[name]}") for name in names)
