"""Check outside-writers: programs outside the project that are connected to its stores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from omnimind_ops.planning.check import Check, State

MAX_NAMED = 5


def outside_writers(clients: Mapping[str, Sequence[str]]) -> Check:
    """Warn if programs that are not of the project are connected to a store: their writes are refused at the cutover.

    `clients` are names by store.
    """
    rows = [f"{store}: {', '.join(names[:MAX_NAMED])}{_more(names)}" for store, names in clients.items() if names]
    if not rows:
        return Check("outside-writers", State.OK, "no other program is connected to Qdrant or Redis")
    return Check(
        "outside-writers",
        State.WARN,
        f"connected from outside the project: {'; '.join(rows)}",
        "stop them before the cutover, or let them reconnect: from then on their writes fail until the native service "
        "answers at the same port",
    )


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
