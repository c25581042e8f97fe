"""Stability of the figures.

Repeats continue until their medians agree, or until the time or the maximum number of repeats is reached.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 0.05
"""Coefficient of variation of the repeats' medians up to which they agree."""
LEAST, MOST = 3, 10
"""Minimum and maximum number of repeats."""


@dataclass(frozen=True)
class Noise:
    """Noise of a measurement. `cv` is the standard deviation of the repeats' medians as a share of their mean; None
    with fewer than two repeats.
    """

    verdict: str
    cv: float | None


def noise(medians: Sequence[float], limit: float = LIMIT) -> Noise:
    """Return stable or unstable; fewer than LEAST repeats are unstable."""
    cv = variation(medians)
    return Noise(
        "stable" if cv is not None and len(medians) >= LEAST and cv <= limit else "unstable",
        None if cv is None else round(cv, 4),
    )


def enough(medians: Sequence[float], most: int = MOST, limit: float = LIMIT) -> bool:
    """Return whether another repeat is unnecessary."""
    return len(medians) >= most or (len(medians) >= LEAST and noise(medians, limit).verdict == "stable")


def variation(values: Sequence[float]) -> float | None:
    """Return the coefficient of variation; None when there are too few values."""
    mean = statistics.fmean(values) if values else 0.0
    return statistics.stdev(values) / mean if len(values) > 1 and mean > 0 else None
