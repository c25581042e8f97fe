"""Summary figures of many times in milliseconds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

NAMES = ("p50_ms", "p95_ms", "p99_ms", "min_ms", "max_ms", "mean_ms", "sd_ms", "total_ms")
BUCKETS = 10
MANY = 100
Bucket = tuple[float, float, int]
"""From (included), to (excluded except for the last), count."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the ordered values lie, with linear interpolation."""
    at = (len(ordered) - 1) * share
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def figures(values: Sequence[float], total: float | None = None) -> dict[str, float | None]:
    """Return the figures by NAMES; `total` is the time of one run, the sum of the values unless given.

    Without values, all figures are None.
    """
    if not values:
        return dict.fromkeys(NAMES)
    ordered = sorted(values)
    shares = [percentile(ordered, share) for share in (0.50, 0.95, 0.99)]
    mean, sd = statistics.fmean(ordered), statistics.stdev(ordered) if len(ordered) > 1 else 0.0
    summary = (*shares, ordered[0], ordered[-1], mean, sd, math.fsum(ordered) if total is None else total)
    return {name: round(value, 4) for name, value in zip(NAMES, summary, strict=True)}


def histogram(values: Sequence[float], buckets: int = BUCKETS) -> list[Bucket]:
    """Return equal steps from the minimum to the maximum. With MANY values or more, the steps end at the 99th
    percentile and a last bucket holds the rest, because one outlier would flatten the histogram.
    """
    if not values:
        return []
    ordered = sorted(values)
    low, high = ordered[0], percentile(ordered, 0.99) if len(ordered) >= MANY else ordered[-1]
    step = (high - low) / buckets
    if step <= 0:
        return [(round(low, 4), round(ordered[-1], 4), len(ordered))]
    edges = [low + step * number for number in range(buckets)] + [high]
    counts = [0] * buckets
    tail = [value for value in ordered if value > high]
    for value in ordered[: len(ordered) - len(tail)]:
        counts[min(int((value - low) / step), buckets - 1)] += 1
    bars = [(round(edges[at], 4), round(edges[at + 1], 4), count) for at, count in enumerate(counts)]
    return bars + ([(round(high, 4), round(tail[-1], 4), len(tail))] if tail else [])
