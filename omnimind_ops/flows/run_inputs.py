"""Inputs of a run as the journal stores them: goal and options.

With them resume, rollback and converge need no discovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from omnimind_ops.flows import handover
from omnimind_ops.flows.discover import Found
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model import codec
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.old_stack import OldContainer, OldStack
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.planning.way_back import old_mounts
from omnimind_ops.settings import Settings

CHANGEABLE = ("model", "mode", "open_reads", "wheelhouse")
"""Settings that take effect on a native host: they change no data, no port and no name."""


def questions(asked: MigrateOptions) -> dict[str, JSON]:
    """Return the options as text."""
    return {key: str(value or "") for key, value in asdict(asked).items()}


def setup(asked: MigrateOptions, found: Found, confirm_minutes: int) -> dict[str, JSON]:
    """Return everything that is stored at a migration's start."""
    source, containers = found.source, found.project.containers
    old = OldStack(
        tuple(OldContainer(c.id, c.name, c.image, c.service, old_mounts(c)) for c in containers),
        tuple(m.name for c in containers for m in c.mounts if m.anonymous),
        tuple(m.source for c in containers for m in c.mounts if m.kind == "bind"),
        found.project.working_dir,
    )
    return {
        "asked": questions(asked),
        "goal": asdict(found.goal),
        "project": found.project.name,
        **codec.write(old),
        "qdrant": {"storage": source.qdrant.storage, "version": source.qdrant.version} if source.qdrant else None,
        "uploads": list(source.uploads),
        "confirm_minutes": confirm_minutes,
        "notes": list(found.notes),
        "code": handover.note(),
    }


def old_stack(run: Run) -> OldStack:
    """Return the old containers, volumes and bind mounts of a migration."""
    kept = {one.name: run.setup[one.name] for one in fields(OldStack) if one.name in run.setup}
    return codec.read(OldStack, kept, f"start of run {run.id}")


def goal_of(run: Run) -> Goal:
    """Return the goal that a run was started with."""
    kept = run.setup.get("goal")
    if not isinstance(kept, Mapping):
        raise Problem("cannot read the run", f"{run.id} has no goal in the journal", "migrate again")
    known = {f.name for f in fields(Goal)}
    return Goal(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items() if k in known})  # type: ignore[arg-type]


def goal_now(run: Run, settings: Settings) -> Goal:
    """Return the run's goal, updated with the changeable settings that are set today; the others keep their values."""
    return replace(goal_of(run), **{name: getattr(settings, name) for name in CHANGEABLE if name in settings.named})
