"""Row: one line of the table; and the seconds that the rows count with."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.faults.load import Load

BEFORE, AFTER = 1.0, 1.0
"""Seconds of load before a fault and after the recovery."""
IMPORT = 6.0
"""Seconds that a worker may take to import itself on a busy machine of two cores; 1.5 s on a quiet one."""


@dataclass
class Row:
    """What must hold, and what was measured: `figures` in seconds (smaller is better), `lost` counts what must be 0."""

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
        """Tell whether it held every time."""
        return bool(self.figures) and max(self.figures) <= self.bound and self.lost == 0

    def took(self, seconds: float, load: Load | None = None) -> None:
        """Add one time, and what became of the load meanwhile."""
        self.figures.append(seconds)
        if load:
            self.lost += len(load.failures)
            self.requests += load.count
            self.notes += load.failures[:2] + ([f"{load.cut} under way when it died"] if load.cut else [])
