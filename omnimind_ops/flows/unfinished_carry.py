"""Commands that start native services refuse to do so beside a rollback that was cut off while it carried data back.

The old stores may run, on the same ports, with half of the data.
"""

from __future__ import annotations

from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths
from omnimind_ops.planning.carry import NAME
from omnimind_ops.runner.history import History
from omnimind_ops.runner.records import UNFINISHED


def refuse_beside_carry(paths: Paths, doing: str) -> None:
    """Raise Problem if the newest carry is neither done nor undone; read-only."""
    own = History(paths.journal).latest(name=NAME)
    if own is None or own.state not in UNFINISHED:
        return
    back = f"take it back and keep the native services: omnimind rollback --run {own.id}"
    on = f"or go on to the containers: omnimind rollback --run {own.setup.get('migration')}"
    why = f"a rollback was cut off while it carried data back ({own.id} is {own.state})"
    raise Problem(f"cannot {doing} now", why, f"{back}; {on}")
