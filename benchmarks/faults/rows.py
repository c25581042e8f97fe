"""Row: one line of the table, and the durations that all rows use."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.faults.load import Load

BEFORE, AFTER = 1.0, 1.0
"""Seconds of load before a fault and after the recovery."""
IMPORT = 6.0
"""Seconds allowed for a worker's imports on a busy machine with two cores; 1.5 s on an idle one."""


@dataclass
class Row:
    """One fault with its bound and results: `figures` in seconds (lower is better); `lost` must be 0."""

    number: str
    fault: str
    injected: str
    bound: float
    figures: list[float] = field(default_factory=list)
    lost: int = 0
    requests: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether the bound held every time."""
        return bool(self.figures) and max(self.figures) <= self.bound and self.lost == 0

    def add(self, seconds: float, load: Load | None = None) -> None:
        """Add one time, and the results of the load."""
        self.figures.append(seconds)
        if load:
            self.lost += len(load.failures)
            self.requests += load.count
            self.notes += load.failures[:2] + (
                [f"{load.interrupted} in flight when it died"] if load.interrupted else []
            )
