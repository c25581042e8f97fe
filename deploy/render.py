"""Templates to text: jinja2 with StrictUndefined, so that a forgotten value is an error and not an empty line."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.limits import LIMITS
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths, data


@cache
def _environment() -> Environment:
    # Configuration, not HTML: escaping would break it.
    environment = Environment(
        loader=FileSystemLoader(data("templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["word"] = word
    return environment


def word(value: str) -> str:
    """Return any text as one word of a unit file's line (systemd.syntax(7)): quoted where it must be, no specifier in it. ValueError for what no line can hold."""
    if set(value) & set("\n\r\0"):
        raise ValueError(f"no line of a unit file can hold {value!r}")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(escaped) & set(" \t'\";") else escaped


def text(template: str, **values: object) -> str:
    """Return a template of ours, e.g. "systemd/qdrant.service.j2", filled with `values`."""
    return _environment().get_template(template).render(**values)


def of_goal(template: str, goal: Goal, **more: object) -> str:
    """Return a template filled with what every configuration may ask for: goal, paths, limits, native (unit names)."""
    return text(template, goal=goal, paths=Paths(), limits=LIMITS, native=native, **more)
