"""Use case: return to the containers by undoing the steps, newest first."""

from __future__ import annotations

from omnimind_ops.flows import handover, receipt, unfinished
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.flows.way_back import RESTART_SECONDS, WayBack
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model.event import Tell
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.steps import boot
from omnimind_ops.steps.timer import remove_timer


def rollback(
    run: Run, journal: Journal, paths: Paths, tell: Tell, *, unconfirmed: bool = False, anyway: bool = False
) -> Outcome:
    """Undo a run; a run that is already rolled back stays unchanged.

    While the native services run, it is a Problem before anything is touched if a container cannot come back as it was,
    unless `anyway`. That also leaves, in a run that failed, what could not be undone before and cannot be undone now.
    `unconfirmed`: undo only if nobody confirmed the run (used by the timer).
    """
    if run.state is RunState.ROLLED_BACK or (unconfirmed and run.state is RunState.CONFIRMED):
        return Outcome(run)
    refuse_finished(run)
    way = WayBack(tell, anyway, RESTART_SECONDS if unconfirmed else 0)

    def check_undo(run: Run) -> None:
        way.check(run)
        boot.arm(paths, run.id, handover.timer_command(paths), tell)

    with handlers(goal_begun(run), paths, run.id, way) as kinds:
        give_up = may_be_left if anyway else None
        outcome = runner.undo(run, journal, kinds, tell, check_undo=check_undo, give_up=give_up)
    remove_timer(paths)
    boot.settle(paths, outcome.state)
    receipt.keep(outcome.run, paths, tell)
    return outcome


def may_be_left(record: StepRecord) -> bool:
    """Return whether a run can end without the undo of a step: with any but the stop of the native services.

    They would run beside the containers, on the same ports.
    """
    return not (record.step.kind == HostPayload.kind and record.step.payload(HostPayload).stage == "activate")


def check(run: Run, *, anyway: bool = False) -> None:
    """Raise the Problem with which rollback() would end before it changes anything; read-only."""
    refuse_finished(run)
    WayBack(lambda _: None, anyway).check(run)


def refuse_finished(run: Run) -> None:
    """Raise Problem if the old stack was deleted."""
    unfinished.refuse(Trigger.ROLLBACK, run, f"roll back {run.id}")
