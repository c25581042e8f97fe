"""A copy of each run beside its receipt, from which a lost or damaged journal is made again.

Start at save() and missing(). A run without a step that can be undone, such as a recovery by the guard, has no copy.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnimind_ops.model.plan import Undo
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner import records

FILE = "run.json"
FORMAT = 1
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def folder(journal: Path) -> Path:
    """Return the folder of the receipts, which lies beside the journal."""
    return journal.with_name("receipts")


def save(journal: Path, run: Run) -> None:
    """Write the copy of a run; a full disk leaves the previous one, because the journal is what counts."""
    if all(record.step.undo is Undo.NO for record in run.steps):
        return
    partial = folder(journal) / run.id / f".{FILE}"
    with suppress(OSError):
        partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with open(partial, "w", opener=_private) as file:
                json.dump(_written(run), file)
            partial.rename(partial.with_name(FILE))
        except OSError:
            partial.unlink(missing_ok=True)


def load_all(journal: Path) -> tuple[Run, ...]:
    """Return every run that has a readable copy, newest first."""
    runs = []
    for file in folder(journal).glob(f"*/{FILE}"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            runs.append(_read(json.loads(file.read_text())))
    return tuple(sorted(runs, key=lambda run: (run.started, run.id), reverse=True))


@dataclass(frozen=True)
class Missing:
    """A journal that cannot be read: why, and the runs that have a copy, newest first."""

    why: str
    runs: tuple[Run, ...]


def missing(journal: Path) -> Missing | None:
    """Return what is known of a journal that is gone or damaged and of which copies exist, else None; read-only."""
    if not any(folder(journal).glob(f"*/{FILE}")):
        return None
    why = _damage(journal) if journal.exists() else "it is gone"
    runs = load_all(journal) if why else ()
    return Missing(f"{journal}: {why}", runs) if runs else None


def set_aside(journal: Path, stamp: str) -> None:
    """Rename a damaged journal; nothing is deleted. Then a new one can be made in its place."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            file = journal.with_name(journal.name + suffix)
            file.rename(file.with_name(f"{file.name}.damaged-{stamp}"))


def _damage(journal: Path) -> str:
    """Return why SQLite cannot read the file, "" if it can or if the file is not the reason."""
    try:
        quiet = "" if journal.with_name(f"{journal.name}-wal").exists() else "&immutable=1"
        with closing(sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro{quiet}", uri=True, timeout=15)) as db:
            answer = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            if not int(db.execute("PRAGMA user_version").fetchone()[0]):
                return "it is empty"
    except sqlite3.DatabaseError as error:
        return str(error) if error.sqlite_errorcode & 0xFF in _DAMAGED else ""
    return "" if answer == "ok" else answer


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _written(run: Run) -> dict[str, Any]:
    steps = [
        {
            "id": record.step.id,
            "status": record.status,
            "started": record.started,
            "seconds": record.seconds,
            "problem": record.problem,
            "notes": dict(record.memo or {}),
        }
        for record in run.steps
    ]
    times = {"started": run.started, "ended": run.ended}
    plan = json.loads(records.plan_text(run.plan))
    return {"format": FORMAT, "id": run.id, "state": run.state, **times, "setup": dict(run.setup), "plan": plan} | {
        "steps": steps
    }


def _read(body: dict[str, Any]) -> Run:
    if body["format"] != FORMAT:
        raise ValueError(f"format {body['format']}")
    plan = records.plan_of(json.dumps(body["plan"]))
    noted = {step["id"]: step for step in body["steps"]}
    steps = tuple(
        StepRecord(
            step,
            Status(noted[step.id]["status"]),
            noted[step.id]["started"],
            noted[step.id]["seconds"],
            noted[step.id]["notes"] or None,
            noted[step.id]["problem"],
        )
        for step in plan.steps
    )
    return Run(body["id"], plan, RunState(body["state"]), body["setup"], body["started"], body["ended"], steps)
