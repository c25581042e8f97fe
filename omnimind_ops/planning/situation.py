"""What a command finds when it starts: the state of the newest migration, and what the journal does not say. Pure."""

from __future__ import annotations

from enum import StrEnum

from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.planning.direction import Direction, cutover_begun, direction


class Situation(StrEnum):
    """The rows of the table of states (run_table.py). "Cut off" means: no command is at work on it."""

    NONE = "no migration"
    AT_WORK = "a command is at work"
    WARM = "cut off before the cutover"
    POSTPONED = "postponed"
    CUTOVER = "cut off in the cutover, the old stores not stopped yet"
    ARRIVING = "cut off in the cutover, the old stores stopped"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    RETURNING = "cut off in a rollback"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    FINISHED = "finished"
    CARRYING = "cut off while a rollback carried data back"
    LOST = "the journal is lost"  # gone or damaged; the run was confirmed


_SETTLED = {
    RunState.POSTPONED: Situation.POSTPONED,
    RunState.UNCONFIRMED: Situation.UNCONFIRMED,
    RunState.CONFIRMED: Situation.CONFIRMED,
    RunState.ROLLING_BACK: Situation.RETURNING,
    RunState.ROLLED_BACK: Situation.ROLLED_BACK,
    RunState.FINISHED: Situation.FINISHED,
    RunState.FAILED: Situation.FAILED,
}


def situation(run: Run | None, *, at_work: bool = False, lost: bool = False, carrying: bool = False) -> Situation:
    """Return the situation of the newest migration, None without one; `carrying`: it has a carry that was cut off."""
    if at_work:
        return Situation.AT_WORK
    if run is None:
        return Situation.NONE
    if lost:
        return Situation.LOST
    if carrying:
        return Situation.CARRYING
    if run.state is not RunState.RUNNING:
        return _SETTLED[run.state]
    if not cutover_begun(run):
        return Situation.WARM
    return Situation.ARRIVING if direction(run) is Direction.FORWARD else Situation.CUTOVER
