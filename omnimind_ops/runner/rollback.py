"""Undo the steps of a run, newest first. Start at undo()."""

from __future__ import annotations

from collections.abc import Callable

from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.plan import Task, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import TO_UNDO, RunState, Status
from omnimind_ops.runner.clock import Clock
from omnimind_ops.runner.execution import Execution, Handlers, executing, unknown_kind
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import NotUndone, Outcome

CheckUndo = Callable[[Run], None]
"""Raises a Problem if a run must not be undone now; read-only."""
GiveUp = Callable[[StepRecord], bool]
"""Whether a step that could not be undone before, and fails again, is left as it is."""
_STILL_ROLLING_BACK = "the rollback continues to its end; Ctrl-C again stops at once"


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
    with executing(run, journal, handlers, tell, clock, _STILL_ROLLING_BACK) as execution:
        return roll_back(execution, None, give_up if run.state is RunState.FAILED else None)


def roll_back(execution: Execution, problem: Problem | None, give_up: GiveUp | None = None) -> Outcome:
    """Undo every step that may have happened, newest first; a failed undo does not stop the others."""
    execution.enter(RunState.ROLLING_BACK)
    records = [record for record in reversed(execution.journal.run(execution.id).steps) if record.status in TO_UNDO]
    not_undone = []
    for record in records:
        failure = _undo(execution, record)
        if failure and give_up and record.status is Status.UNDOING and give_up(record):
            execution.mark(record.step, Status.HELD)
            execution.recorder(warning(f"left as it is: {failure.title}: {failure.problem}"))
        elif failure:
            not_undone.append(failure)
    return execution.end(RunState.FAILED if not_undone else RunState.ROLLED_BACK, problem, tuple(not_undone))


def _undo(execution: Execution, record: StepRecord) -> NotUndone | None:
    """Undo one step.

    KEPT: the handler may still undo what is not harmless. NO: the handler is not called.
    """
    step = record.step
    if step.undo is Undo.NO:
        execution.mark(step, Status.HELD)
        return None
    execution.mark(step, Status.UNDOING)
    began = execution.clock()
    try:
        if step.kind not in execution.handlers:
            raise unknown_kind(step.kind)
        handler = execution.handlers[step.kind]
        memo = execution.journal.memo(execution.id, step.id, handler.notes)
        handler.undo(Task.of(step, handler.payload), memo, execution.recorder)
    except (Exception, SystemExit) as error:
        problem = execution.problem(step, error, "undo")
        execution.mark(step, Status.UNDOING, seconds=execution.since(began), problem=problem)
        return NotUndone(step.id, step.title, problem)
    execution.mark(step, Status.HELD if step.undo is Undo.KEPT else Status.UNDONE, seconds=execution.since(began))
    return None
