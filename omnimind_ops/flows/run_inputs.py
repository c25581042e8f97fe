"""Inputs of a run as the journal stores them: goal and options.

With them resume, rollback and converge need no discovery.
"""

from __future__ import annotations

from dataclasses import asdict, fields

from omnimind_ops.flows import handover
from omnimind_ops.flows.discover import Discovery
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model import codec
from omnimind_ops.model.goal import Goal, goal_of
from omnimind_ops.model.json import JSON
from omnimind_ops.model.old_stack import OldContainer, OldStack
from omnimind_ops.model.run import Run
from omnimind_ops.planning.old_volumes import old_volumes
from omnimind_ops.planning.way_back import old_mounts
from omnimind_ops.settings import Settings, updated

LATER = ("listen", "redis_password_file", "qdrant_api_key_file", "redis_service", "qdrant_service")


def arguments(options: MigrateOptions) -> dict[str, JSON]:
    """Return the options as text. One of a later version is left out while it is not given."""
    given = {field.name: getattr(options, field.name) for field in fields(options) if field.name != "ask_password"}
    return {name: str(value or "") for name, value in given.items() if value or name not in LATER}


def setup_of(options: MigrateOptions, discovery: Discovery, confirm_minutes: int) -> dict[str, JSON]:
    """Return everything that is stored at a migration's start."""
    source, containers = discovery.source, discovery.project.containers
    old = OldStack(
        tuple(OldContainer(c.id, c.name, c.image, c.service, old_mounts(c)) for c in containers),
        tuple(m.name for c in containers for m in c.mounts if m.anonymous),
        tuple(m.source for c in containers for m in c.mounts if m.kind == "bind"),
        discovery.project.working_dir,
        old_volumes(source, containers, discovery.goal),
    )
    return {
        "asked": arguments(options),
        "goal": asdict(discovery.goal),
        "project": discovery.project.name,
        **codec.write(old),
        "qdrant": {"storage": source.qdrant.storage, "version": source.qdrant.version} if source.qdrant else None,
        "uploads": list(source.uploads),
        "confirm_minutes": confirm_minutes,
        "notes": list(discovery.notes),
        "code": handover.as_setup(),
    }


def old_stack(run: Run) -> OldStack:
    """Return the old containers, volumes and bind mounts of a migration."""
    values = {field.name: run.setup[field.name] for field in fields(OldStack) if field.name in run.setup}
    return codec.read(OldStack, values, f"start of run {run.id}")


def goal_begun(run: Run) -> Goal:
    """Return the goal that a run was started with."""
    return goal_of(run.setup.get("goal"), run.id)


def goal_now(run: Run, settings: Settings) -> Goal:
    """Return the run's goal, updated with the settings of today that take effect on a native host."""
    return updated(goal_begun(run), settings)
