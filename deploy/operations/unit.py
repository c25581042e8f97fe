"""unit: a file in /etc/systemd/system, from its template."""

from __future__ import annotations

from pyinfra.api.operation import OperationMeta
from pyinfra.operations import files

from deploy.render import template
from omnimind_ops.model.goal import Goal

FOLDER = "/etc/systemd/system"


def unit(name: str, source: str, goal: Goal, **values: object) -> OperationMeta:
    """Write a unit, or a drop-in like redis.service.d/omnimind.conf, from templates/systemd/SOURCE.j2."""
    return files.put(
        name=f"Write {name}",
        src=template(f"systemd/{source}.j2", goal, **values),
        dest=f"{FOLDER}/{name}",
        user="root",
        group="root",
        mode="644",
        create_remote_dir=False,
    )
