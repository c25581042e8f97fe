"""The clock: a function that returns an aware UTC datetime."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Return `at` as UTC ISO 8601 to the millisecond, e.g. 2026-11-23T10:45:01.250+00:00."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
