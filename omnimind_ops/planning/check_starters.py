"""Check starters: whether something besides the engine would start the old containers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.model.facts import Starter
from omnimind_ops.planning.check import Check, State


def starters(found: Sequence[Starter]) -> tuple[Check, ...]:
    """Warn for each unit, which the migration fences; fail for cron and others, which it cannot fence."""
    rows = tuple(_row(starter) for starter in found)
    return rows or (Check("starters", State.OK, "only Docker starts the containers"),)


def _row(starter: Starter) -> Check:
    what = f"{starter.name} starts the containers: {starter.command}"
    if starter.unit:
        return Check("starters", State.WARN, f"{what}; it cannot while the native services run", "nothing to do")
    return Check(
        "starters", State.FAIL, what, f"comment that line out in {starter.name} until the migration is finished"
    )
