"""Refuse to resume a run with other arguments than it was started with (after pgcopydb's `--resume`)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run


def refuse_other(run: Run, setup: Mapping[str, JSON]) -> None:
    """Raise a Problem that names the differences between a run's inputs and `setup`."""
    other = [
        key for key in sorted(run.setup.keys() | setup.keys()) if _plain(run.setup.get(key)) != _plain(setup.get(key))
    ]
    if not other:
        return
    why = "; ".join(f"{key} was {_words(run.setup.get(key))} and is now {_words(setup.get(key))}" for key in other)
    fix = f"give the same arguments again, or end it first with `omnimind rollback --run {run.id}`"
    raise Problem(f"cannot go on with run {run.id}", f"it was started with other arguments: {why}", fix)


def _plain(value: JSON) -> JSON:
    """Return the value as JSON reads it back: a tuple becomes a list."""
    plain: JSON = json.loads(json.dumps(value))
    return plain


def _words(value: JSON) -> str:
    return "not given" if value is None else repr(value) if isinstance(value, str) else str(value)
