"""Use case: complete a run that was cut off, forward or back. A unit calls it at boot."""

from __future__ import annotations

from omnimind_ops.flows import carry, migrate, rollback
from omnimind_ops.flows.unfinished_carry import cut_carry
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.run import Run
from omnimind_ops.paths import Paths
from omnimind_ops.planning.direction import Direction, direction
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.steps import boot


def resume(run: Run, journal: Journal, paths: Paths, tell: Tell, *, yes: bool = False) -> Outcome:
    """Complete a run; one that is not cut off stays unchanged. `yes`: confirm it when it arrives."""
    if own := cut_carry(journal, run):
        tell(line("", f"{own.id} was cut off while it carried data back; what it carried is taken back"))
        return Outcome(journal.run(run.id), not_undone=carry.take_back(own, journal, paths, tell).not_undone)
    way = direction(run)
    if way is Direction.STAY:
        boot.settle(paths, run.state)
        return Outcome(run)
    tell(line("", f"run {run.id} was cut off and is {run.state}; it is completed {way}"))
    if way is Direction.BACK:
        return rollback.rollback(run, journal, paths, tell, unconfirmed=True)
    return migrate.apply(run, journal, paths, tell, yes=yes, bench=False)


def is_cut(run: Run, journal: Journal) -> bool:
    """Return whether resume() has something to complete."""
    return direction(run) is not Direction.STAY or cut_carry(journal, run) is not None
