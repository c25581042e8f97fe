"""Execution: one pass over a run's steps, forward (run.py) or back (rollback.py). Every change of state is in the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from omnimind_ops.model.event import Event, Progress, StepChanged, Tell, failed, warning
from omnimind_ops.model.plan import Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Handler, Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner.clock import Clock
from omnimind_ops.runner.events import EventRecorder, ended, started
from omnimind_ops.runner.interrupt import Stop, interrupts
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import NotUndone, Outcome

Handlers = Mapping[str, Handler[Any, Any]]
"""Handlers by the kind of step they handle."""


def by_kind(*handlers: Handler[Any, Any]) -> Handlers:
    """Return handlers by the kind of their payload."""
    return {handler.payload.kind: handler for handler in handlers}


@dataclass(frozen=True)
class Execution:
    """One pass over a run's steps."""

    id: str
    journal: Journal
    handlers: Handlers
    recorder: EventRecorder
    clock: Clock
    stop: Stop

    def enter(self, state: RunState) -> None:
        """Record and report that the run starts working in this state."""
        self.journal.state(self.id, state)
        self.recorder(started(self.journal.run(self.id)))

    def end(
        self,
        state: RunState,
        problem: Problem | None = None,
        not_undone: tuple[NotUndone, ...] = (),
        refusal: Problem | None = None,
    ) -> Outcome:
        """Record and report the state in which the run stopped."""
        self.journal.state(self.id, state)
        run = self.journal.run(self.id)
        self.recorder(ended(run))
        return Outcome(run, problem, not_undone, refusal)

    def mark(
        self,
        step: Step,
        status: Status,
        *,
        seconds: float | None = None,
        problem: Problem | None = None,
        changed: bool | None = None,
    ) -> None:
        """Record and report a step's status, and the problem of a step that failed."""
        did = status in (Status.DONE, Status.FAILED)  # the journal stores the duration of doing, not of undoing
        text = None if problem is None else str(problem)
        self.journal.mark(self.id, step.id, status, seconds=seconds if did else None, problem=text)
        if problem:
            self.recorder(failed(step.id, problem))
        self.recorder(StepChanged(step.id, step.title, status, step.phase, seconds, changed))

    def problem(self, step: Step, error: BaseException, verb: str) -> Problem:
        """Return the error as a Problem; an unexpected one keeps its traceback in the run's log."""
        if isinstance(error, Problem):
            return error
        lines = self.recorder.traceback(step.id, f"traceback of {type(error).__name__}", error)
        why = f"{type(error).__name__}: {error} (unexpected error; please report it)"
        return Problem(
            f"cannot {verb} “{step.title}”",
            why,
            f"report it with the output of `omnimind runs {self.id}`",
            log=lines[-6:],
        )

    def tell_or_stop(self, event: Event) -> None:
        """Report an event; stop a step at its progress event if a stop was requested."""
        self.recorder(event)
        if isinstance(event, Progress) and threading.current_thread() is threading.main_thread():
            self.stop.check()

    def since(self, began: datetime) -> float:
        """Return the seconds since a time, never negative."""
        return max(0.0, (self.clock() - began).total_seconds())


@contextmanager
def executing(
    run: Run, journal: Journal, handlers: Handlers, tell: Tell, clock: Clock | None, on_interrupt: str
) -> Iterator[Execution]:
    """Yield an execution of the run; interruptions ask it to stop."""
    recorder, clock = EventRecorder(journal, run.id, tell), clock or journal.clock
    with interrupts(clock, lambda: recorder(warning(on_interrupt))) as stop:
        yield Execution(run.id, journal, handlers, recorder, clock, stop)


def unknown_kind(kind: str) -> Problem:
    """Return the Problem of a step that no handler does."""
    return Problem(
        f"cannot handle steps of kind {kind!r}",
        "this version of omnimind does not support them",
        "use the version that created the plan",
    )
