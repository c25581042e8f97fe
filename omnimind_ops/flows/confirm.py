"""Use case: confirm a migration.

The timer is disarmed and the native services stay; `rollback` is possible until `finish`.
"""

from __future__ import annotations

from omnimind_ops.flows import planned, receipt, unfinished
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.planning.way_back import is_whole
from omnimind_ops.runner.journal import Journal
from omnimind_ops.steps import boot
from omnimind_ops.steps.timer import remove_timer


def confirm(run: Run, journal: Journal, paths: Paths) -> Run:
    """Confirm a finished migration; a confirmed one stays confirmed."""
    if not _undo_changed_nothing(run):
        unfinished.refuse(Trigger.CONFIRM, run, f"confirm {run.id}", journal)
    journal.state(run.id, RunState.CONFIRMED)  # first: interrupted after this, the timer finds it and does nothing
    remove_timer(paths)
    boot.settle(paths, RunState.CONFIRMED)
    planned.remove(paths)
    run = journal.run(run.id)
    receipt.write(run, paths)
    return run


def _undo_changed_nothing(run: Run) -> bool:
    """Return whether a rollback was cut off, or failed, before it took anything away."""
    return run.state in (RunState.ROLLING_BACK, RunState.FAILED) and is_whole(run)
