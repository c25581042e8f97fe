"""Runs from the journal, read-only and reduced to what readers need.

Step arguments are left out, and so are all notes that are not part of a receipt.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from backend.history.schemas import Compared, Fact, LoggedEvent, Receipt, RunDetail, RunHead, RunStep
from backend.http.errors import ApiProblem
from omnimind_ops.model import receipt as receipts
from omnimind_ops.model.event import RunEnded, RunStarted, StepChanged
from omnimind_ops.model.problem import Problem
from omnimind_ops.runner.history import History
from omnimind_ops.tools.redact import redact

if TYPE_CHECKING:
    from omnimind_ops.model.event import Event
    from omnimind_ops.model.json import JSON
    from omnimind_ops.model.run import Run, StepRecord
    from omnimind_ops.runner.records import RecordedEvent, RunSummary

Result = TypeVar("Result")
RECOVER = "recover"
ATTEMPTS, PAUSE = 5, 0.06
"""The writer creates and removes -wal beside the journal; a read at the wrong moment can find half a change."""


def list_runs(journal: Path, limit: int, name: str = "") -> list[RunHead]:
    """Return the newest runs, newest first. Empty if there is no journal."""
    return [_head(head) for head in _with_retries(lambda: History(journal).summaries(limit=limit, name=name))]


def detail(journal: Path, id: str, after: int, limit: int) -> RunDetail:
    """Return a run with its steps, its newest `limit` events after event `after`, and a migration's receipt.

    Raises ApiProblem 404 for an unknown run.
    """
    history = History(journal)
    run, events = _with_retries(lambda: (history.run(id), history.events(id, after=after)))
    return RunDetail(
        **_head_fields(run.id, run.plan.name, str(run.state), run.started, run.ended, run.setup, _counts(run)),
        plan_digest=run.plan.digest,
        steps=[_step(record) for record in run.steps],
        events=[_event(logged) for logged in events[-limit:]],
        events_before=max(0, len(events) - limit),
        receipt=None if run.plan.name == RECOVER else receipt(run),
    )


def receipt(run: Run) -> Receipt:
    """Return the summary of a migration's receipt."""
    body = receipts.receipt(run)
    downtime, verified = body["downtime_s"], body["verified"]
    assert isinstance(downtime, dict) and isinstance(verified, dict)
    return Receipt(
        rollback=str(body["rollback"]),
        downtime_s={name: float(seconds) for name, seconds in downtime.items()},
        compared=[_compared(name, sides) for name, sides in verified.items()],
    )


def _compared(name: str, sides: Mapping[str, Mapping[str, Mapping[str, JSON]]]) -> Compared:
    old, new = ({**sides[side]["counts"], **sides[side]["digests"]} for side in ("source", "native"))
    facts = [Fact(name=fact, old=_text(old.get(fact)), native=_text(new.get(fact))) for fact in sorted({*old, *new})]
    return Compared(store=name, equal=all(fact.old == fact.native for fact in facts), facts=facts)


def _text(value: JSON) -> str:
    return "absent" if value is None else str(value)


def _head(head: RunSummary) -> RunHead:
    return RunHead(
        **_head_fields(head.id, head.name, str(head.state), head.started, head.ended, head.setup, head.steps)
    )


def _head_fields(
    id: str, name: str, state: str, started: str, ended: str | None, setup: Mapping[str, JSON], steps: Mapping[str, int]
) -> dict[str, Any]:
    subject = setup.get("service") if name == RECOVER else setup.get("project")
    return {
        "id": id,
        "name": name,
        "state": state,
        "started": started,
        "ended": ended,
        "seconds": _seconds(started, ended),
        "about": str(subject or ""),
        "reason": redact(str(setup.get("reason") or "")),
        "counts": dict(steps),
    }


def _seconds(started: str, ended: str | None) -> float | None:
    return (
        round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds(), 3) if ended else None
    )


def _counts(run: Run) -> dict[str, int]:
    counts: dict[str, int] = {}
    for record in run.steps:
        counts[record.status] = counts.get(record.status, 0) + 1
    return counts


def _step(record: StepRecord) -> RunStep:
    step = record.step
    return RunStep(
        id=step.id,
        title=step.title,
        phase=step.phase,
        undo=step.undo,
        status=record.status,
        started=record.started,
        seconds=record.seconds,
        problem=record.problem or "",
    )


def _event(logged: RecordedEvent) -> LoggedEvent:
    return LoggedEvent(
        number=logged.number,
        at=logged.at,
        kind=logged.event.kind,
        step=logged.event.step,
        text=logged.event.text,
        status=_status(logged.event),
    )


def _status(event: Event) -> str:
    match event:
        case RunStarted() | RunEnded():
            return event.state
        case StepChanged():
            return event.status
        case _:
            return ""


def _with_retries(read: Callable[[], Result]) -> Result:
    """Return what `read` returns, retrying while the journal is not readable.

    Raises ApiProblem 404 for an unknown run, 503 if the journal stays unreadable.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return read()
        except Problem as problem:
            if problem.what.startswith("cannot find"):
                raise ApiProblem(404, "no such run", problem.why, fix="list the runs: GET /runs") from problem
            if attempt == ATTEMPTS or not isinstance(problem.__cause__, sqlite3.Error | OSError):
                fix = f"{problem.fix}; as root: sudo omnimind runs"
                raise ApiProblem(
                    503, "the journal cannot be read", problem.why, fix=fix, headers={"Retry-After": "5"}
                ) from problem
        time.sleep(PAUSE)
    raise AssertionError("unreachable")
