"""A planned cutover, as the journal has it."""

from __future__ import annotations

from datetime import datetime, timedelta

from omnimind_ops.model.notes import AskNotes
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState

STEP = "ask-again"
"""The first step of a cutover; it keeps the time for which the cutover is planned."""
LATE = timedelta(minutes=15)
"""A cutover that could not begin for so long does not begin: people no longer expect it."""


def planned(run: Run) -> datetime | None:
    """Return for when the run's cutover is, or was, planned; None if it never was."""
    record = run.record(STEP)
    text = record.notes(AskNotes).planned if record else None
    return datetime.fromisoformat(text) if text else None


def awaited(run: Run, now: datetime) -> datetime | None:
    """Return the time at which a postponed run goes on by itself, None if it does not."""
    at = planned(run) if run.state is RunState.POSTPONED else None
    return at if at and now <= at + LATE else None


def missed(run: Run, now: datetime) -> datetime | None:
    """Return the time at which a postponed run should have gone on, None if there is no such time."""
    at = planned(run) if run.state is RunState.POSTPONED else None
    return at if at and now > at + LATE else None
