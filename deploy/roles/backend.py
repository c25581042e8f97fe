"""backend: the database schema, and for each port one socket and one template service whose instances are the workers.

The program comes with role engine.
"""

from __future__ import annotations

from deploy.operations.unit import unit
from deploy.roles import HIDDEN
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal


def configure(goal: Goal) -> None:
    """Write the unit of the schema and the units of every port."""
    bound = f"{goal.uploads}/".startswith(HIDDEN)
    unit(native.SCHEMA, "migrate-db.service", goal)
    for port in goal.backend_ports:
        unit(native.socket(port), "backend.socket", goal, port=port)
        unit(f"omnimind-{port}@.service", "backend.service", goal, port=port, bound=bound)
