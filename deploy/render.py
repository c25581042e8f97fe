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
    return Environment(
        loader=FileSystemLoader(data("templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def text(template: str, **values: object) -> str:
    """Return a template of ours, e.g. "systemd/qdrant.service.j2", filled with `values`."""
    return _environment().get_template(template).render(**values)


def of_goal(template: str, goal: Goal, **more: object) -> str:
    """Return a template filled with what every configuration may ask for: goal, paths, limits, native (unit names)."""
    return text(template, goal=goal, paths=Paths(), limits=LIMITS, native=native, **more)
