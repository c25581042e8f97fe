"""The time of `migrate --at`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.planning.moment import moment, shown

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("03:00", "2026-12-02T02:00"),
        ("3:00", "2026-12-02T02:00"),
        ("13:30", "2026-12-02T12:30"),
        ("13:31", "2026-12-01T12:31"),
        ("00:00", "2026-12-01T23:00"),
        ("2026-12-01T23:15", "2026-12-01T22:15"),
        ("2026-12-01 23:15:30", "2026-12-01T22:15:30"),
        ("2026-12-01T23:15Z", "2026-12-01T23:15"),
        ("2026-12-01T23:15+05:00", "2026-12-01T18:15"),
    ],
)
def test_times(text: str, at: str) -> None:
    assert moment(text, NOW) == datetime.fromisoformat(at).replace(tzinfo=UTC)


def test_a_time_of_day_keeps_its_hour_when_the_clocks_change_in_between() -> None:
    """The night of 2026-10-25 is an hour longer."""
    assert moment("06:00", datetime(2026, 10, 24, 20, 0, tzinfo=UTC)) == datetime(2026, 10, 25, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "neither a time of day nor an ISO time"),
        ("24:00", "neither a time of day nor an ISO time"),
        ("03:60", "neither a time of day nor an ISO time"),
        ("3", "neither a time of day nor an ISO time"),
        ("-1", "neither a time of day nor an ISO time"),
        ("03:00:00", "neither a time of day nor an ISO time"),
        ("2026-12-02", "neither a time of day nor an ISO time"),
        ("2026-13-02T03:00", "neither a time of day nor an ISO time"),
        ("2026-11-30T03:00", "has passed"),
        ("2027-12-01T03:00", "more than 31 days ahead"),
    ],
)
def test_anything_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(Problem, match=why) as refused:
        moment(text, NOW)
    assert refused.value.code is ExitCode.USAGE and "--at 03:00" in refused.value.fix


def test_people_read_the_time_of_their_machine() -> None:
    assert shown(datetime(2026, 12, 2, 2, 0, tzinfo=UTC)) == "2026-12-02 03:00 CET"
