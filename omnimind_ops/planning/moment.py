"""The time of `--at`: "03:00" or an ISO time. Pure but for the machine's time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from omnimind_ops.model.problem import ExitCode, Problem

LATEST = timedelta(days=31)
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def moment(text: str, now: datetime) -> datetime:
    """Return the time in UTC: the next one of a time of day, which is local, as an ISO time without an offset is.

    Raises Problem for anything else, for a time that has passed, and for one more than a month ahead.
    """
    at = _next(text, now) if CLOCK.fullmatch(text) else _iso(text)
    if at <= now:
        raise _refused(text, f"{shown(at)} has passed")
    if at - now > LATEST:
        raise _refused(text, f"{shown(at)} is more than {LATEST.days} days ahead")
    return at


def shown(at: datetime) -> str:
    """Return a time as a person on this machine reads it: "2026-12-01 03:00 CET"."""
    return f"{at.astimezone():%Y-%m-%d %H:%M %Z}"


def _next(text: str, now: datetime) -> datetime:
    today = now.astimezone().date()
    hour, minute = map(int, text.split(":"))
    clock = time(hour, minute)
    days = (datetime.combine(today + timedelta(days=ahead), clock).astimezone(UTC) for ahead in range(2))
    return next(day for day in days if day > now)


def _iso(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or ":" not in text or len(text) < len("2026-12-01T03"):
        raise _refused(text, "it is neither a time of day nor an ISO time")
    return at.astimezone(UTC)


def _refused(text: str, why: str) -> Problem:
    fix = "use --at 03:00 for the next 03:00 of this machine's clock, or a full time: --at 2026-12-01T03:00"
    return Problem(f"cannot plan a cutover at {text!r}", why, fix, code=ExitCode.USAGE)
