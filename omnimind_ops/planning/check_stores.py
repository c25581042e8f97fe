"""Checks redis and qdrant: what would fail after the writers have stopped. Pure."""

from __future__ import annotations

from omnimind_ops.planning.check import Check, Needs, State

NONE = "no old store to read"


def redis(needs: Needs) -> tuple[Check, ...]:
    """Fail for each obstacle to reading the old Redis."""
    rows = tuple(Check("redis", State.FAIL, f"the old Redis: {text}", fix) for text, fix in needs.redis_obstacles)
    return rows or (Check("redis", State.OK, "the old Redis can be read" if needs.stores else NONE),)


def qdrant(needs: Needs) -> tuple[Check, ...]:
    """Warn if the old Qdrant cannot be cut off from writers, or refuses the searches of the comparison."""
    rows = []
    if needs.qdrant_unfenced:
        rows.append(
            Check(
                "qdrant",
                State.WARN,
                f"the old Qdrant cannot be cut off from other writers: {needs.qdrant_unfenced}",
                "stop every program that writes to it before the cutover",
            )
        )
    if needs.strict_collections:
        names = ", ".join(needs.strict_collections)
        refused = f"strict mode refuses exact or larger searches in {names}"
        rows.append(Check("qdrant", State.WARN, f"{refused}: every point is read instead, while nothing serves"))
    return tuple(rows) or (
        Check("qdrant", State.OK, "the old Qdrant can be read and compared" if needs.stores else NONE),
    )
