"""What a run was started with, as the journal keeps it: goal and questions, so that resume, rollback and converge need no discovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from omnimind_ops.flows.discover import Asked, Found
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run


def questions(asked: Asked) -> dict[str, JSON]:
    """Return what was asked, as text."""
    return {key: str(value or "") for key, value in asdict(asked).items()}


def setup(asked: Asked, found: Found, confirm_minutes: int) -> dict[str, JSON]:
    """Return all that is kept of a migration's start."""
    source = found.source
    return {
        "asked": questions(asked),
        "goal": asdict(found.goal),
        "project": found.project.name,
        "containers": [{"id": c.id, "name": c.name, "image": c.image, "service": c.service} for c in found.project.containers],
        "anonymous_volumes": [m.name for c in found.project.containers for m in c.mounts if m.anonymous],
        "bind_mounts": [m.source for c in found.project.containers for m in c.mounts if m.kind == "bind"],
        "qdrant": {"storage": source.qdrant.storage, "version": source.qdrant.version} if source.qdrant else None,
        "uploads": list(source.uploads),
        "confirm_minutes": confirm_minutes,
        "notes": list(found.notes),
    }


def goal_of(run: Run) -> Goal:
    """Return the goal a run was started with."""
    kept = run.setup.get("goal")
    if not isinstance(kept, Mapping):
        raise Problem("cannot read the run", f"{run.id} has no goal in the journal", "migrate again")
    known = {f.name for f in fields(Goal)}
    return Goal(**{k: tuple(v) if isinstance(v, list) else v for k, v in kept.items() if k in known})  # type: ignore[arg-type]
