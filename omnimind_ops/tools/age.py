"""Moments and ages, in words."""

from __future__ import annotations

import time

_UNITS = ((86_400, "days"), (3600, "h"), (60, "min"))


def written(moment: float, now: float) -> str:
    """Return when something was written and how long ago: "written 2026-11-29 12:00 UTC, 3 days ago"."""
    if not moment:
        return "it does not say when it was written"
    return f"written {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(moment))}, {_age(now - moment)} ago"


def _age(seconds: float) -> str:
    return next((f"{seconds // size:g} {name}" for size, name in _UNITS if seconds >= 2 * size), f"{seconds:.0f} s")
