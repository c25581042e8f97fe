"""Rate and remaining time of a step, from its progress events; smoothed, so that the numbers are readable."""

from __future__ import annotations

import math
from dataclasses import dataclass

SMOOTH_SECONDS = 6.0
STALL_SECONDS = 5.0


@dataclass
class ProgressRate:
    """Progress of one step. `rate` is units per second, None until two events are known."""

    done: int
    total: int | None
    unit: str
    at: float
    rate: float | None = None
    moved: float = 0.0

    def __post_init__(self) -> None:
        self.moved = self.at

    def update(self, done: int, total: int | None, unit: str, at: float) -> None:
        """Update with the next event; an event that goes backwards starts again (a second pass)."""
        if done < self.done or unit != self.unit:
            self.rate = None
        elif (passed := at - self.at) > 0:
            current, weight = (done - self.done) / passed, 1 - math.exp(-passed / SMOOTH_SECONDS)
            self.rate = current if self.rate is None else self.rate + weight * (current - self.rate)
        else:  # the same instant: count it with the next event
            self.total = total
            return
        if done != self.done:
            self.moved = at
        self.done, self.total, self.unit, self.at = done, total, unit, at

    @property
    def fraction(self) -> float | None:
        """Return 0 to 1, None when the total is unknown."""
        return None if self.total is None else 1.0 if self.total <= 0 else min(1.0, self.done / self.total)

    def seconds_left(self) -> float | None:
        """Return the remaining seconds; None when they are unknown."""
        if not self.total or not self.rate or self.rate <= 0:
            return None
        return max(0, self.total - self.done) / self.rate

    def stalled(self, at: float) -> float | None:
        """Return for how many seconds there was no progress, None when there is some or the step is done."""
        stalled = at - self.moved
        return stalled if stalled > STALL_SECONDS and self.fraction != 1.0 else None
