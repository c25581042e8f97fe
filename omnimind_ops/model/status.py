"""Status: how far a step got; RunState: how far a run got."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How far a step got (after Canonical pebble's task statuses)."""

    TODO = "todo"
    DOING = "doing"  # found at a start: do it again
    DONE = "done"
    FAILED = "failed"  # undone like DONE: it may be half done
    UNDOING = "undoing"  # found at a start: undo it again
    UNDONE = "undone"
    HELD = "held"  # has no undo; left in place


TO_UNDO = frozenset({Status.DONE, Status.FAILED, Status.DOING, Status.UNDOING})
"""Statuses of steps that may have changed something."""


class RunState(StrEnum):
    """How far a run got."""

    RUNNING = "running"
    POSTPONED = "postponed"  # warm copy done, waits for the user to continue
    UNCONFIRMED = "unconfirmed"  # all steps done; the timer will undo it unless confirmed
    CONFIRMED = "confirmed"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    FINISHED = "finished"  # the old stack is deleted; no way back
    FAILED = "failed"  # could neither be done nor undone; needs manual work
