"""What a deep probe reads back after it has written."""

from __future__ import annotations

from omnimind_ops.model.health import Outcome

SLACK = 6_000_000_000
"""Nanoseconds. Several checks may run at once and overwrite each other's value, so the value read may come from another
check.
"""


def readable(is_readable: bool, detail: str) -> Outcome:
    """Return the outcome of a store that took a value: useful if the value could be read back."""
    return Outcome(True, is_readable, detail, "" if is_readable else "cannot read back what was written")
