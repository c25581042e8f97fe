"""Preview and apply a plan. Start at apply(). Every change is in the journal before it is made.

On an interruption (Ctrl-C, SIGTERM) the current step ends, or stops at its next progress event; then everything is
rolled back (rollback.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.event import Tell
from omnimind_ops.model.plan import Plan, Preview, Step, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner.clock import Clock
from omnimind_ops.runner.execution import Execution, Handlers, executing, unknown_kind
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.runner.rollback import CheckUndo, roll_back

_STOPPING = "stopping after this step, then rolling back; Ctrl-C again stops at once"
_TO_APPLY = frozenset({RunState.RUNNING, RunState.POSTPONED, RunState.UNCONFIRMED})


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
    with executing(run, journal, handlers, tell, clock, _STOPPING) as execution:
        try:
            execution.enter(RunState.RUNNING)
            return execution.end(_forward(execution, stop_before))
        except Problem as problem:
            refusal = _refusal(check_undo, journal.run(run.id))
            return (
                execution.end(RunState.RUNNING, problem, refusal=refusal) if refusal else roll_back(execution, problem)
            )


def _forward(execution: Execution, stop_before: str | None) -> RunState:
    """Do every step that is not done and return the state reached; raise the Problem of a step that fails."""
    for record in execution.journal.run(execution.id).steps:
        execution.stop.check()
        if record.status is Status.DONE:
            if record.step.phase == stop_before:
                stop_before = None  # that phase has begun; do not stop in the middle of it
            continue
        if record.step.phase == stop_before and record.status is Status.TODO:
            return RunState.POSTPONED
        _do(execution, record.step)
    execution.stop.check()
    return RunState.UNCONFIRMED


def _do(execution: Execution, step: Step) -> None:
    execution.mark(step, Status.DOING)
    began = execution.clock()
    try:
        handler = execution.handlers[step.kind]
        memo = execution.journal.memo(execution.id, step.id, handler.notes)
        changed = handler.do(Task.of(step, handler.payload), memo, execution.tell_or_stop)
    except (Exception, SystemExit) as error:
        problem = execution.problem(step, error, "do")
        execution.mark(step, Status.FAILED, seconds=execution.since(began), problem=problem)
        raise problem from error
    execution.mark(step, Status.DONE, seconds=execution.since(began), changed=changed)


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
            raise unknown_kind(step.kind)
        step.payload(handlers[step.kind].payload)
