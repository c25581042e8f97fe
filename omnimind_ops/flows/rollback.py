"""Use case: return to the containers by undoing the steps, newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from omnimind_ops.flows import carry, handover, planned, receipt, unfinished
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.flows.way_back import RESTART_SECONDS, WayBack
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model.event import Tell
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning import carry as planning
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.runner.rollback import undo
from omnimind_ops.steps import boot
from omnimind_ops.steps.timer import confirm_until, parsed, remove_timer
from omnimind_ops.tools.announce import announce

REASONS = {RunState.UNCONFIRMED: "was not confirmed in time", RunState.RUNNING: "was interrupted"}


def rollback(
    run: Run, journal: Journal, paths: Paths, tell: Tell, *, unconfirmed: bool = False, anyway: bool = False
) -> Outcome:
    """Undo a run; a run that is already rolled back stays unchanged.

    While the native services run, it is a Problem before anything is touched if a container cannot come back as it was,
    unless `anyway`. That also leaves, in a run that failed, what could not be undone before and cannot be undone now.
    `unconfirmed`: undo only if nobody confirmed the run in time (used by the timer); people are told.
    """
    if unconfirmed and run.state is RunState.CONFIRMED:
        remove_timer(paths)
        return Outcome(run)
    if run.state is RunState.ROLLED_BACK or (unconfirmed and _has_time(run)):
        return Outcome(run)
    if run.plan.name == planning.NAME:
        return carry.take_back(run, journal, paths, tell)
    refuse_finished(run)
    return _announced(run, journal, paths, tell) if unconfirmed else _undo(run, journal, paths, tell, anyway=anyway)


def _undo(run: Run, journal: Journal, paths: Paths, tell: Tell, *, anyway: bool = False, wait: float = 0) -> Outcome:
    carry.settle(run, journal, paths, tell)
    way = WayBack(tell, anyway, wait)

    def check_undo(run: Run) -> None:
        way.check(run)
        boot.arm(paths, run.id, handover.timer_command(paths), tell)

    with handlers(goal_begun(run), paths, run.id, way) as kinds:
        give_up = may_be_left if anyway else None
        outcome = undo(run, journal, kinds, tell, check_undo=check_undo, give_up=give_up)
    remove_timer(paths)
    planned.remove(paths)
    boot.settle(paths, outcome.state)
    receipt.keep(outcome.run, paths, tell)
    return outcome


def may_be_left(record: StepRecord) -> bool:
    """Return whether a run can end without the undo of a step: with any but the stop of the native services.

    They would run beside the containers, on the same ports.
    """
    return not (record.step.kind == HostPayload.kind and record.step.payload(HostPayload).stage == "activate")


def _announced(run: Run, journal: Journal, paths: Paths, tell: Tell) -> Outcome:
    """Undo a run that nobody confirmed in time; tell the people on this machine before and after.

    The timer's service repeats a rollback that is incomplete; people are not told each time.
    """
    is_first = run.state in REASONS
    if is_first:
        why = REASONS[run.state]
        announce(f"OmniMind: migration {run.id} {why}. The native services stop and the containers start now.")
    try:
        outcome = _undo(run, journal, paths, tell, wait=RESTART_SECONDS)
    except Problem as problem:
        announce(f"OmniMind: migration {run.id} was not rolled back: {problem.why}\n{problem.fix}")
        raise
    if outcome.not_undone and is_first:
        announce(f"OmniMind: the rollback of {run.id} is incomplete. Run: omnimind rollback --run {run.id}")
    elif not outcome.not_undone:
        announce(f"OmniMind: migration {run.id} is rolled back; the containers run again.")
    return outcome


def _has_time(run: Run) -> bool:
    """Return whether the time to confirm is not over: the timer of the cutover may have waited for the migration."""
    until = confirm_until(run) if run.state is RunState.UNCONFIRMED else None
    return until is not None and datetime.now(UTC) < parsed(until)


def check(run: Run, *, anyway: bool = False) -> None:
    """Raise the Problem with which rollback() would end before it changes anything; read-only."""
    refuse_finished(run)
    WayBack(lambda _: None, anyway).check(run)


def refuse_finished(run: Run) -> None:
    """Raise Problem if the old stack was deleted."""
    unfinished.refuse(Trigger.ROLLBACK, run, f"roll back {run.id}")
