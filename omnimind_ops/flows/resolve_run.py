"""Find the run that a command refers to."""

from __future__ import annotations

from omnimind_ops.flows import receipt as receipts
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.runner import copies
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal

ALL = -1
"""No limit, in SQLite."""


def unchanged(journal: Journal, observed: Run) -> Run:
    """Return the run as it is now; raise Problem if it is no longer what the user was asked about."""
    run = journal.run(observed.id)
    if run.state is not observed.state:
        why = f"it was {observed.state} before the question, and it is {run.state} now"
        raise Problem(
            f"cannot continue with {observed.id}", why, "look at it (omnimind runs), then run the command again"
        )
    return run


def rolled_back(history: History) -> tuple[str, ...]:
    """Return the IDs of the migrations that were rolled back."""
    return tuple(
        entry.id for entry in history.summaries(limit=ALL, name="migrate") if entry.state is RunState.ROLLED_BACK
    )


def migration(journal: Journal | History, run_id: str) -> Run:
    """Return the run with that ID, or the newest migration."""
    run = journal.run(run_id) if run_id else journal.latest(name="migrate")
    if run is None and (receipt := receipts.newest(copies.folder(journal.path))):
        raise _only_a_receipt(receipt)
    if run is None:
        raise Problem(
            "cannot find a migration",
            "no migration was run on this host",
            "start one: omnimind migrate --from-docker --dry-run",
            code=ExitCode.NOT_INSTALLED,
        )
    return run


def _only_a_receipt(receipt: receipts.Found) -> Problem:
    """Return what is possible by hand where neither the journal nor a copy of the run is left."""
    start = f"omnimind down && docker start {' '.join(receipt.containers)}"
    return Problem(
        f"cannot use run {receipt.run}",
        f"the journal is gone; only its receipt is left, which says that it was {receipt.state} ({receipt.path})",
        f"to return to the containers: {start}; to keep the native services, nothing needs to be done",
    )
