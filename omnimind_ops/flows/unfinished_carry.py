"""A rollback that was cut off while it carried data back.

The old stores may run, on the ports of the native ones, with half of the data.
"""

from __future__ import annotations

from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.planning.carry import NAME
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.records import UNFINISHED

SERVING = (RunState.UNCONFIRMED, RunState.CONFIRMED)
"""States of a migration in which the native side can still serve, so that its carry is taken back."""


def cut_carry(history: History | Journal, run: Run | None) -> Run | None:
    """Return the carry of a migration if it is neither done nor undone, else None; read-only."""
    if run is None or run.state not in SERVING:
        return None
    own = history.latest(name=NAME)
    is_cut = own is not None and own.state in UNFINISHED and own.setup.get("migration") == run.id
    return own if is_cut else None
