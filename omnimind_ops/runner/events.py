"""Events that a run emits; each one is in the journal before anybody sees it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from omnimind_ops.model.event import Event, EventKind, Tell
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run, Status
from omnimind_ops.runner.journal import Journal
from omnimind_ops.tools.redact import redact, redact_json


@dataclass
class EventRecorder:
    """Tells the journal, then whoever watches. A watcher that breaks (closed pipe, lost terminal) is no longer told; the run goes on."""

    journal: Journal
    run: str
    tell: Tell
    alone: bool = False

    def __call__(self, event: Event) -> None:
        """Tell one event; secrets in it are blotted out for everybody."""
        if event.kind is not EventKind.PROGRESS:
            event = Event(
                event.kind,
                redact(event.text),
                event.step,
                {key: redact_json(value) for key, value in event.data.items()},
            )
        self.journal.append(self.run, event)
        if self.alone:
            return
        try:
            self.tell(event)
        except Exception as error:  # whatever it is, it must not stop a cutover half way
            self.alone = True
            lines = "".join(traceback.format_exception(error)).splitlines()
            self.journal.append(self.run, Event(EventKind.LINE, "nobody watches any more", data={"traceback": lines}))


def started(run: Run) -> Event:
    """Return the event of a run at work; its data holds what a view needs to draw every step before it starts."""
    steps: list[JSON] = [
        {
            "id": record.step.id,
            "title": record.step.title,
            "phase": record.step.phase,
            "status": record.status,
            "seconds": record.seconds,
        }
        for record in run.steps
    ]
    data: dict[str, JSON] = {
        "id": run.id,
        "status": run.state,
        "name": run.plan.name,
        "digest": run.plan.digest,
        "steps": steps,
    }
    return Event(EventKind.RUN, f"{run.plan.name} {run.id} is {run.state}", data=data)


def ended(run: Run) -> Event:
    """Return the event of a run that stopped working."""
    return Event(
        EventKind.RUN,
        f"{run.plan.name} {run.id} is {run.state}",
        data={"id": run.id, "status": run.state, "name": run.plan.name},
    )


def stepped(step: Step, status: Status, seconds: float | None, changed: bool | None) -> Event:
    """Return the event of a step that changed its status. `changed` is told when doing ended, `seconds` when doing or undoing did."""
    data: dict[str, JSON] = {"status": status, "phase": step.phase}
    if seconds is not None:
        data["seconds"] = round(seconds, 3)
    if changed is not None:
        data["changed"] = changed
    return Event(EventKind.STEP, step.title, step.id, data)


def failed(step: Step, problem: Problem) -> Event:
    """Return the event that tells why a step failed."""
    data: dict[str, JSON] = {
        "what": problem.what,
        "why": problem.why,
        "fix": problem.fix,
        "code": int(problem.code),
        "log": problem.log,
    }
    return Event(EventKind.WARNING, str(problem), step.id, data)
