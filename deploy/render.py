"""Rendering of templates, with the values that every configuration may use."""

from __future__ import annotations

import io

from deploy.limits import limits
from omnimind_ops.model import environment, listen, native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths
from omnimind_ops.tools import template as templates


def text(template: str, **values: object) -> str:
    """Return a template, e.g. "systemd/qdrant.service.j2", rendered with `values`."""
    return templates.render(template, values)


def template(source: str, goal: Goal, **more: object) -> io.StringIO:
    """Return a rendered template in the form that pyinfra's files.put takes.

    pyinfra's files.template would create an environment and compile the template on every call, and ours are rendered
    several times per run.
    """
    return io.StringIO(of_goal(source, goal, **more))


def of_goal(template: str, goal: Goal, **more: object) -> str:
    """Return a template rendered with the common values.

    goal, paths, limits, native (unit names), listen (addresses), and variables (of the services:
    omnimind_ops/model/environment.py).
    """
    variables = environment.services(goal, native.ENGINE_SOCKET, Paths().state)
    shares = limits(goal.redis.memory)
    return text(
        template,
        goal=goal,
        paths=Paths(),
        limits=shares,
        native=native,
        listen=listen.for_templates(goal),
        variables=variables,
        **more,
    )
