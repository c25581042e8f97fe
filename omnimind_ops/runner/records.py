"""Conversion between rows of the journal and the model."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from omnimind_ops.model import event_json
from omnimind_ops.model.event import Event
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status

UNFINISHED = frozenset(
    {RunState.RUNNING, RunState.POSTPONED, RunState.UNCONFIRMED, RunState.ROLLING_BACK, RunState.FAILED}
)
"""States in which a run is not finished yet."""


@dataclass(frozen=True)
class RecordedEvent:
    """An event from the journal; `number` increases, `at` is UTC ISO 8601."""

    number: int
    at: str
    event: Event


@dataclass(frozen=True)
class RunSummary:
    """A run as a list entry; `steps` counts its steps by status."""

    id: str
    name: str  # of its plan
    state: RunState
    setup: Mapping[str, JSON]
    started: str
    ended: str | None
    steps: Mapping[str, int]


def plan_text(plan: Plan) -> str:
    """Return the plan as JSON text, from which plan_of() restores an equal one."""
    return json.dumps({"name": plan.name, "steps": [{**asdict(step), "args": dict(step.args)} for step in plan.steps]})


def plan_of(text: str) -> Plan:
    """Return the plan that plan_text() wrote."""
    fields: dict[str, Any] = json.loads(text)
    return Plan(fields["name"], tuple(Step(**{**step, "undo": Undo(step["undo"])}) for step in fields["steps"]))


def load_run(db: sqlite3.Connection, run: str) -> Run:
    """Return a run; an unknown ID is a Problem."""
    row = db.execute("SELECT id, plan, state, setup, started, ended FROM run WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise Problem(f"cannot find run {run}", "the journal has no run with that ID", "list the runs: omnimind runs")
    plan = plan_of(row[1])
    return Run(row[0], plan, RunState(row[2]), json.loads(row[3]), row[4], row[5], _load_steps(db, run, plan))


def load_runs(db: sqlite3.Connection) -> tuple[Run, ...]:
    """Return every run, newest first."""
    return tuple(load_run(db, row[0]) for row in db.execute("SELECT id FROM run ORDER BY number DESC").fetchall())


def load_summaries(db: sqlite3.Connection, *, limit: int, name: str) -> tuple[RunSummary, ...]:
    """Return the newest runs, newest first, without their plans and notes; `name`: only those of that plan name."""
    query = "SELECT id, name, state, setup, started, ended FROM run WHERE ? IN ('', name) ORDER BY number DESC LIMIT ?"
    count_query = "SELECT status, count(*) FROM step WHERE run = ? GROUP BY status"
    return tuple(
        RunSummary(
            id,
            plan,
            RunState(state),
            json.loads(setup),
            started,
            ended,
            dict(db.execute(count_query, (id,)).fetchall()),
        )
        for id, plan, state, setup, started, ended in db.execute(query, (name, limit)).fetchall()
    )


def summary(run: Run) -> RunSummary:
    """Return the list entry of a run."""
    counts = Counter(str(record.status) for record in run.steps)
    return RunSummary(run.id, run.plan.name, run.state, run.setup, run.started, run.ended, counts)


def is_wanted(run: Run, *, unfinished: bool, name: str) -> bool:
    """Return whether latest_run() would return the run if it were the newest."""
    return name in ("", run.plan.name) and (not unfinished or run.state in UNFINISHED)


def latest_run(db: sqlite3.Connection, *, unfinished: bool, name: str) -> Run | None:
    """Return the newest run; `name`: only one of that plan name; `unfinished`: only one that is still waiting."""
    for run, plan, state in db.execute("SELECT id, name, state FROM run ORDER BY number DESC").fetchall():
        if name in ("", plan) and (not unfinished or RunState(state) in UNFINISHED):
            return load_run(db, run)
    return None


def load_memo(db: sqlite3.Connection, run: str, step: str) -> Mapping[str, JSON]:
    """Return all notes of one step."""
    rows = db.execute("SELECT key, value FROM memo WHERE run = ? AND step = ?", (run, step))
    return {key: json.loads(value) for key, value in rows}


def load_events(db: sqlite3.Connection, run: str, after: int) -> Iterator[RecordedEvent]:
    """Yield a run's events with a number above `after`, oldest first."""
    query = "SELECT number, at, kind, step, text, data FROM event WHERE run = ? AND number > ? ORDER BY number"
    for number, at, kind, step, text, data in db.execute(query, (run, after)):
        yield RecordedEvent(number, at, event_json.read(kind, step, text, json.loads(data)))


def _load_steps(db: sqlite3.Connection, run: str, plan: Plan) -> tuple[StepRecord, ...]:
    rows = db.execute("SELECT id, status, started, seconds, problem FROM step WHERE run = ?", (run,)).fetchall()
    progress = {row[0]: row[1:] for row in rows}
    records = []
    for step in plan.steps:
        status, started, seconds, problem = progress[step.id]
        records.append(StepRecord(step, Status(status), started, seconds, load_memo(db, run, step.id) or None, problem))
    return tuple(records)
