"""Find the run that a command refers to."""

from __future__ import annotations

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal


def migration(journal: Journal | History, run_id: str) -> Run:
    """Return the run with that ID, or the newest migration."""
    run = journal.run(run_id) if run_id else journal.latest(name="migrate")
    if run is None:
        raise Problem(
            "cannot find a migration",
            "no migration was run on this host",
            "start one: omnimind migrate --from-docker --dry-run",
            code=ExitCode.NOT_INSTALLED,
        )
    return run
