"""Durations, sizes, rates and ETAs as a person reads them."""

from __future__ import annotations

import pytest

from omnimind_ops.render.format import clock, done_of, duration, size
from omnimind_ops.render.run.progress_rate import ProgressRate


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (102, "1 min 42 s"),
        (7500, "2 h 05 min"),
        (-1, "0.0 s"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    """Never `60 s`, never a minus."""
    assert duration(seconds) == said


def test_clock() -> None:
    """Hours only when there are some."""
    assert [clock(n) for n in (0, 42, 725, 3723)] == ["0:00", "0:42", "12:05", "1:02:03"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (999_600, "1.0 MB"),
        (2_100_000_000, "2.1 GB"),
        (5e18, "5000 PB"),
    ],
)
def test_size(count: float, said: str) -> None:
    """Powers of 1000, three digits."""
    assert size(count) == said


def test_done_of() -> None:
    """The unit is said once where it is the same."""
    assert done_of(668_000_000, 810_000_000, "B") == "668 of 810 MB"
    assert done_of(5, 2_000_000, "B") == "5 B of 2.0 MB"
    assert done_of(12_000, 50_000, "points") == "12 000 of 50 000 points"
    assert done_of(12_000, None, "keys") == "12 000 keys"


def test_the_rate_is_smoothed_and_gives_the_time_left() -> None:
    """A steady 10 B/s of 200; one slow second moves it a little only."""
    rate = ProgressRate(0, 200, "B", at=0.0)
    assert (rate.rate, rate.seconds_left()) == (None, None)
    for second in range(1, 11):
        rate.update(second * 10, 200, "B", at=float(second))
    assert rate.rate == pytest.approx(10)
    assert rate.seconds_left() == pytest.approx(10)
    rate.update(100, 200, "B", at=11.0)
    assert rate.rate is not None
    assert 8 < rate.rate < 10
    assert rate.fraction == 0.5


def test_a_pass_that_starts_over_forgets_the_old_rate() -> None:
    """Copy, then compare: progress goes back to 0."""
    rate = ProgressRate(0, 100, "B", at=0.0)
    rate.update(100, 100, "B", at=1.0)
    rate.update(0, 100, "B", at=2.0)
    assert rate.rate is None
    rate.update(50, 100, "B", at=3.0)
    assert rate.rate == 50


def test_a_stall_is_noticed() -> None:
    """Events that bring nothing do not hide it."""
    rate = ProgressRate(0, 100, "B", at=0.0)
    rate.update(10, 100, "B", at=1.0)
    rate.update(10, 100, "B", at=9.0)
    assert rate.stalled(9.0) == 8.0
    rate.update(100, 100, "B", at=10.0)
    assert rate.stalled(99.0) is None


def test_nothing_to_copy_is_done() -> None:
    """Total 0."""
    rate = ProgressRate(0, 0, "B", at=0.0)
    assert (rate.fraction, rate.seconds_left()) == (1.0, None)
