"""Preview, apply and undo a plan. Start at forward() and back(). Every change is in the journal before it is made.

On an interruption (Ctrl-C, SIGTERM) the current step ends, or stops at its next progress event; then everything is
rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from omnimind_ops.model.event import Event, Progress, StepChanged, Tell, failed, warning
from omnimind_ops.model.plan import Plan, Preview, Step, Task, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Handler, Run, StepRecord
from omnimind_ops.model.status import TO_UNDO, RunState, Status
from omnimind_ops.runner.clock import Clock
from omnimind_ops.runner.events import EventRecorder, ended, started
from omnimind_ops.runner.interrupt import Stop, interrupts
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import NotUndone, Outcome

Handlers = Mapping[str, Handler[Any, Any]]
"""Handlers by the kind of step they handle."""
CheckUndo = Callable[[Run], None]
"""Raises a Problem if a run must not be undone now; read-only."""
GiveUp = Callable[[StepRecord], bool]
"""Whether a step that could not be undone before, and fails again, is left as it is."""

_STOPPING = "stopping after this step, then rolling back; Ctrl-C again stops at once"
_STILL_ROLLING_BACK = "the rollback continues to its end; Ctrl-C again stops at once"
_TO_APPLY = frozenset({RunState.RUNNING, RunState.POSTPONED, RunState.UNCONFIRMED})


def by_kind(*handlers: Handler[Any, Any]) -> Handlers:
    """Return handlers by the kind of their payload."""
    return {handler.payload.kind: handler for handler in handlers}


def preview(plan: Plan, handlers: Handlers) -> Iterator[Preview]:
    """Yield what each step would do; read-only."""
    _refuse_unreadable(plan, handlers)
    for step in plan.steps:
        handler = handlers[step.kind]
        yield handler.preview(Task.of(step, handler.payload))


def apply(
    run: Run,
    journal: Journal,
    handlers: Handlers,
    tell: Tell,
    *,
    stop_before: str | None = None,
    clock: Clock | None = None,
    check_undo: CheckUndo | None = None,
) -> Outcome:
    """Do the remaining steps.

    Ends UNCONFIRMED, or POSTPONED before phase `stop_before`; after a failure ROLLED_BACK, or FAILED. The journal's
    state counts, not that of `run`: a step found DOING is done again, and a phase that has begun is continued despite
    `stop_before`. If `check_undo` refuses after a failure, nothing is undone and the run stays RUNNING, to be applied
    or undone later. A run that already rolled back is a Problem. A second Ctrl-C is a KeyboardInterrupt that leaves
    everything as it is, to be applied or undone again.
    """
    run = journal.run(run.id)
    if run.state not in _TO_APPLY:
        why = f"it is {run.state}"
        raise Problem(
            f"cannot resume run {run.id}",
            why,
            f"roll it back (omnimind rollback --run {run.id}) or start a new one (omnimind migrate --from-docker)",
        )
    _refuse_unreadable(run.plan, handlers)
    with _executing(run, journal, handlers, tell, clock, _STOPPING) as execution:
        try:
            execution.enter(RunState.RUNNING)
            return execution.end(execution.forward(stop_before))
        except Problem as problem:
            refusal = _refusal(check_undo, journal.run(run.id))
            return execution.end(RunState.RUNNING, problem, refusal=refusal) if refusal else execution.back(problem)


def undo(
    run: Run,
    journal: Journal,
    handlers: Handlers,
    tell: Tell,
    *,
    clock: Clock | None = None,
    check_undo: CheckUndo | None = None,
    give_up: GiveUp | None = None,
) -> Outcome:
    """Undo everything that was done, newest first, from any state but FINISHED.

    Ends ROLLED_BACK, or FAILED with the steps that could not be undone. A Problem of `check_undo` changes nothing.
    `give_up` applies to a run that is FAILED: a step that it names is tried once more, and else left as it is.
    """
    run = journal.run(run.id)
    if run.state is RunState.FINISHED:
        fix = "restore the old stack from your own backup"
        raise Problem(f"cannot roll back run {run.id}", "it is finished: `omnimind finish` deleted the old stack", fix)
    if check_undo:
        check_undo(run)
    with _executing(run, journal, handlers, tell, clock, _STILL_ROLLING_BACK) as execution:
        return execution.back(None, give_up if run.state is RunState.FAILED else None)


@dataclass(frozen=True)
class _Execution:
    """One pass over a run's steps."""

    id: str
    journal: Journal
    handlers: Handlers
    recorder: EventRecorder
    clock: Clock
    stop: Stop

    def forward(self, stop_before: str | None) -> RunState:
        """Do every step that is not done and return the state reached; raise the Problem of a step that fails."""
        for record in self.journal.run(self.id).steps:
            self.stop.check()
            if record.status is Status.DONE:
                if record.step.phase == stop_before:
                    stop_before = None  # that phase has begun; do not stop in the middle of it
                continue
            if record.step.phase == stop_before and record.status is Status.TODO:
                return RunState.POSTPONED
            self._do(record.step)
        self.stop.check()
        return RunState.UNCONFIRMED

    def back(self, problem: Problem | None, give_up: GiveUp | None = None) -> Outcome:
        """Undo every step that may have happened, newest first; a failed undo does not stop the others."""
        self.enter(RunState.ROLLING_BACK)
        records = [record for record in reversed(self.journal.run(self.id).steps) if record.status in TO_UNDO]
        not_undone = []
        for record in records:
            failure = self._undo(record)
            if failure and give_up and record.status is Status.UNDOING and give_up(record):
                self._mark(record.step, Status.HELD)
                self.recorder(warning(f"left as it is: {failure.title}: {failure.problem}"))
            elif failure:
                not_undone.append(failure)
        return self.end(RunState.FAILED if not_undone else RunState.ROLLED_BACK, problem, tuple(not_undone))

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

    def _do(self, step: Step) -> None:
        self._mark(step, Status.DOING)
        began = self.clock()
        try:
            handler = self.handlers[step.kind]
            memo = self.journal.memo(self.id, step.id, handler.notes)
            changed = handler.do(Task.of(step, handler.payload), memo, self._tell_or_stop)
        except (Exception, SystemExit) as error:
            problem = self._problem(step, error, "do")
            self._mark(step, Status.FAILED, seconds=self._since(began), problem=problem)
            raise problem from error
        self._mark(step, Status.DONE, seconds=self._since(began), changed=changed)

    def _undo(self, record: StepRecord) -> NotUndone | None:
        """Undo one step.

        KEPT: the handler may still undo what is not harmless. NO: the handler is not called.
        """
        step = record.step
        if step.undo is Undo.NO:
            self._mark(step, Status.HELD)
            return None
        self._mark(step, Status.UNDOING)
        began = self.clock()
        try:
            if step.kind not in self.handlers:
                raise _unknown(step.kind)
            handler = self.handlers[step.kind]
            memo = self.journal.memo(self.id, step.id, handler.notes)
            handler.undo(Task.of(step, handler.payload), memo, self.recorder)
        except (Exception, SystemExit) as error:
            problem = self._problem(step, error, "undo")
            self._mark(step, Status.UNDOING, seconds=self._since(began), problem=problem)
            return NotUndone(step.id, step.title, problem)
        self._mark(step, Status.HELD if step.undo is Undo.KEPT else Status.UNDONE, seconds=self._since(began))
        return None

    def _mark(
        self,
        step: Step,
        status: Status,
        *,
        seconds: float | None = None,
        problem: Problem | None = None,
        changed: bool | None = None,
    ) -> None:
        did = status in (Status.DONE, Status.FAILED)  # the journal stores the duration of doing, not of undoing
        text = None if problem is None else str(problem)
        self.journal.mark(self.id, step.id, status, seconds=seconds if did else None, problem=text)
        if problem:
            self.recorder(failed(step.id, problem))
        self.recorder(StepChanged(step.id, step.title, status, step.phase, seconds, changed))

    def _problem(self, step: Step, error: BaseException, verb: str) -> Problem:
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

    def _tell_or_stop(self, event: Event) -> None:
        """Report an event; stop a step at its progress event if a stop was requested."""
        self.recorder(event)
        if isinstance(event, Progress) and threading.current_thread() is threading.main_thread():
            self.stop.check()

    def _since(self, began: datetime) -> float:
        return max(0.0, (self.clock() - began).total_seconds())


@contextmanager
def _executing(
    run: Run, journal: Journal, handlers: Handlers, tell: Tell, clock: Clock | None, on_interrupt: str
) -> Iterator[_Execution]:
    recorder, clock = EventRecorder(journal, run.id, tell), clock or journal.clock
    with interrupts(clock, lambda: recorder(warning(on_interrupt))) as stop:
        yield _Execution(run.id, journal, handlers, recorder, clock, stop)


def _refusal(check_undo: CheckUndo | None, run: Run) -> Problem | None:
    try:
        if check_undo:
            check_undo(run)
    except Problem as refusal:
        return refusal
    return None


def _refuse_unreadable(plan: Plan, handlers: Handlers) -> None:
    """Raise a Problem for a step without a handler, or with a payload that its handler cannot read."""
    for step in plan.steps:
        if step.kind not in handlers:
            raise _unknown(step.kind)
        step.payload(handlers[step.kind].payload)


def _unknown(kind: str) -> Problem:
    return Problem(
        f"cannot handle steps of kind {kind!r}",
        "this version of omnimind does not support them",
        "use the version that created the plan",
    )
