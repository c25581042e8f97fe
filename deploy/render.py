"""Our templates, filled with what every configuration may ask for."""

from __future__ import annotations

import io

from deploy.limits import LIMITS
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths
from omnimind_ops.tools import template as templates


def text(template: str, **values: object) -> str:
    """Return a template of ours, e.g. "systemd/qdrant.service.j2", filled with `values`."""
    return templates.render(template, values)


def template(source: str, goal: Goal, **more: object) -> io.StringIO:
    """Return a filled template as pyinfra's files.put takes it.

    Not files.template: it makes an environment and compiles the template anew each time, and ours are filled several
    times per run.
    """
    return io.StringIO(of_goal(source, goal, **more))


def of_goal(template: str, goal: Goal, **more: object) -> str:
    """Return a template filled with what every configuration may ask for: goal, paths, limits, native (unit names)."""
    return text(template, goal=goal, paths=Paths(), limits=LIMITS, native=native, **more)
