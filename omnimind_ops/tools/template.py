"""Render one of our templates; an undefined name is an error."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops import paths


def render(template: str, words: Mapping[str, object]) -> str:
    """Return templates/<template> with words put in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    place = FileSystemLoader(paths.data("templates"))
    environment = Environment(loader=place, undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 units, not HTML
    return environment.get_template(template).render(**words)
