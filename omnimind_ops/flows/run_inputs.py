"""What a run was started with, as the journal keeps it: goal and questions, so that resume, rollback and converge need no discovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from omnimind_ops.flows import handover
from omnimind_ops.flows.discover import Found
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.settings import Settings

CHANGEABLE = ("model", "mode", "open_reads", "wheelhouse")
"""Settings that take effect on a native host: they move no data, no port and no name."""


def questions(asked: MigrateOptions) -> dict[str, JSON]:
    """Return what was asked, as text."""
    return {key: str(value or "") for key, value in asdict(asked).items()}


def setup(asked: MigrateOptions, found: Found, confirm_minutes: int) -> dict[str, JSON]:
    """Return all that is kept of a migration's start."""
    source = found.source
    return {
        "asked": questions(asked),
        "goal": asdict(found.goal),
        "project": found.project.name,
        "containers": [
            {"id": c.id, "name": c.name, "image": c.image, "service": c.service} for c in found.project.containers
        ],
        "anonymous_volumes": [m.name for c in found.project.containers for m in c.mounts if m.anonymous],
        "bind_mounts": [m.source for c in found.project.containers for m in c.mounts if m.kind == "bind"],
        "qdrant": {"storage": source.qdrant.storage, "version": source.qdrant.version} if source.qdrant else None,
        "uploads": list(source.uploads),
        "confirm_minutes": confirm_minutes,
        "notes": list(found.notes),
        "code": handover.note(),
    }


def goal_of(run: Run) -> Goal:
    """Return the goal a run was started with."""
    kept = run.setup.get("goal")
    if not isinstance(kept, Mapping):
        raise Problem("cannot read the run", f"{run.id} has no goal in the journal", "migrate again")
    known = {f.name for f in fields(Goal)}
    return Goal(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items() if k in known})  # type: ignore[arg-type]


def goal_now(run: Run, settings: Settings) -> Goal:
    """Return the same goal with what the settings name today of that which can change; what they do not name stays as it was."""
    return replace(goal_of(run), **{name: getattr(settings, name) for name in CHANGEABLE if name in settings.named})
