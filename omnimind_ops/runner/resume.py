"""Refuse to resume a run with other arguments than it was started with (after pgcopydb's `--resume`)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run


def refuse_other(run: Run, setup: Mapping[str, JSON]) -> None:
    """Raise a Problem that names the differences between a run's inputs and `setup`."""
    changed = [
        key for key in sorted(run.setup.keys() | setup.keys()) if _plain(run.setup.get(key)) != _plain(setup.get(key))
    ]
    if not changed:
        return
    why = "; ".join(f"{key} was {_shown(run.setup.get(key))} and is now {_shown(setup.get(key))}" for key in changed)
    fix = f"use the same arguments, or roll it back first: omnimind rollback --run {run.id}"
    raise Problem(f"cannot resume run {run.id}", f"it was started with other arguments: {why}", fix)


def _plain(value: JSON) -> JSON:
    """Return the value as JSON reads it back: a tuple becomes a list."""
    plain: JSON = json.loads(json.dumps(value))
    return plain


def _shown(value: JSON) -> str:
    return "not given" if value is None else repr(value) if isinstance(value, str) else str(value)
