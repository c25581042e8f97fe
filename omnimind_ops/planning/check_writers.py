"""Check outside-writers: programs outside the project that are connected to its stores. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.planning.check import Check, Needs, State
from omnimind_ops.planning.check_stores import NONE

MAX_NAMED = 5


def outside_writers(needs: Needs) -> Check:
    """Warn if programs outside the project are connected to a store: their writes are refused at the cutover."""
    clients = needs.outside_writers
    rows = [f"{store}: {', '.join(names[:MAX_NAMED])}{_more(names)}" for store, names in clients.items() if names]
    if not rows:
        result = "no other program is connected to Qdrant or Redis" if needs.stores else NONE
        return Check("outside-writers", State.OK, result)
    return Check(
        "outside-writers",
        State.WARN,
        f"connected from outside the project: {'; '.join(rows)}",
        "stop them before the cutover, or let them reconnect: from then on their writes fail until the native service "
        "answers at the same port",
    )


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
