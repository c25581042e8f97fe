"""Events of a run. The recorder removes secrets and writes each event to the journal before anyone sees it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from omnimind_ops.model import event_json
from omnimind_ops.model.event import Event, Line, Progress, RunEnded, RunStarted, StepState, Tell
from omnimind_ops.model.run import Run
from omnimind_ops.runner.journal import Journal
from omnimind_ops.tools.redact import redact, redact_fields


@dataclass
class EventRecorder:
    """Writes each event to the journal, then passes it to the listener.

    After an error in the listener (closed pipe, lost terminal) it gets no more events; the run continues.
    """

    journal: Journal
    run: str
    tell: Tell
    is_detached: bool = False

    def __call__(self, event: Event) -> None:
        """Record one event and pass it on, without secrets."""
        event = redacted(event)
        self.journal.append(self.run, event)
        if self.is_detached:
            return
        try:
            self.tell(event)
        except Exception as error:  # no listener error may stop a cutover half-way
            self.is_detached = True
            self.traceback("", "the listener failed; the run continues without it", error)

    def traceback(self, step: str, text: str, error: BaseException) -> tuple[str, ...]:
        """Record an error's traceback and return its lines; the listener does not get it."""
        lines = tuple("".join(traceback.format_exception(error)).splitlines())
        self.journal.append(self.run, redacted(Line(step, text, lines)))
        return lines


def redacted(event: Event) -> Event:
    """Return an event without secrets.

    Progress stays unchanged: it contains a file name and numbers, and is frequent.
    """
    if isinstance(event, Progress):
        return event
    return event_json.read(event.kind, event.step, redact(event.text), redact_fields(event_json.data_of(event)))


def redacting(tell: Tell) -> Tell:
    """Return a `tell` that removes secrets first: for events that belong to no run."""
    return lambda event: tell(redacted(event))


def started(run: Run) -> RunStarted:
    """Return the event of a run that starts or continues."""
    steps = tuple(
        StepState(record.step.id, record.step.title, record.step.phase, record.status, record.seconds)
        for record in run.steps
    )
    return RunStarted(_sentence(run), run.plan.name, run.state, steps, run.id, run.plan.digest)


def ended(run: Run) -> RunEnded:
    """Return the event of a run that has stopped."""
    return RunEnded(_sentence(run), run.plan.name, run.state, run.id)


def _sentence(run: Run) -> str:
    return f"{run.plan.name} {run.id} is {run.state}"
