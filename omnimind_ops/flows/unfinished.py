"""Commands that start native services refuse to do so beside a migration that is not finished.

The containers may run or come back, and both sides want the same ports and the same data.
"""

from __future__ import annotations

from omnimind_ops.flows.unfinished_carry import refuse_beside_carry
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.runner.history import History

FORWARD = frozenset({RunState.RUNNING, RunState.POSTPONED})
BACK = frozenset({RunState.ROLLING_BACK, RunState.FAILED})


def refuse_beside_migration(paths: Paths, doing: str) -> None:
    """Raise Problem if the newest migration is neither done nor undone; read-only."""
    refuse_beside_carry(paths, doing)
    run = History(paths.journal).latest(name="migrate")
    if run is None or run.state not in FORWARD | BACK:
        return
    undo = f"undo it: omnimind rollback --run {run.id}"
    fix = f"continue it: omnimind migrate --from-docker; or {undo}" if run.state in FORWARD else undo
    raise Problem(f"cannot {doing} now", f"migration {run.id} is not finished, it is {run.state}", fix)
