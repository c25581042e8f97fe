"""Where the time of one exchange went: what the client measured itself, and what the server tells in its Server-Timing
header.

Nothing is filled in. What the server does not tell is not told; what no stage accounts for stays visible, and beyond a
share of it the sum check fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omnimind_ops.bench.figures import figures
from omnimind_ops.model.json import JSON

ROWS = (
    "request",
    "tcp",
    "backend",
    "tokenise",
    "queue",
    "inference",
    "engine",
    "serialise",
    "qdrant",
    "redis",
    "postgres",
    "response",
)
"""In the order of the way: the client sends, connects, and last receives; what lies between is the server's to tell."""
EMBEDDING = ("tokenise", "queue", "inference", "engine")
ROW_OF = {
    "auth": "postgres",
    "cache": "redis",
    "redis": "redis",
    **{name: name for name in (*EMBEDDING, "serialise", "qdrant", "postgres")},
}
"""Of the server's stages; those that are not here are work of the backend's own process: receive, parse, chunk,
backend.
"""
LIMIT = 0.05
"""Share of the wall time that may be in no stage, or in two."""
_PART = re.compile(r"\s*([^;,\s]+)\s*(?:;[^,]*?\bdur=([0-9.]+))?[^,]*")


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, in milliseconds by the client's clock.

    `told` is what the server's stages took, {} where it tells none.
    """

    wall: float
    connect: float
    send: float
    receive: float
    told: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One batch, of one exchange or several: wall time and rows in milliseconds.

    `is_told`: the server told its stages.
    """

    wall: float
    rows: Mapping[str, float]
    is_told: bool


def told(header: str) -> dict[str, float]:
    """Read a Server-Timing header: milliseconds by stage, without `total`, which is all of them."""
    found = {hit[1]: float(hit[2]) for hit in _PART.finditer(header) if hit[2]}
    return {name: duration for name, duration in found.items() if name != "total"}


def sample(exchanges: Sequence[Exchange]) -> Sample:
    """Put exchanges that belong together into one row each."""
    rows: dict[str, float] = {}
    for one in exchanges:
        for name, duration in (("request", one.send), ("tcp", one.connect), ("response", one.receive)):
            rows[name] = rows.get(name, 0.0) + duration
        for stage, duration in one.told.items():
            row = ROW_OF.get(stage, "backend")
            rows[row] = rows.get(row, 0.0) + duration
        if not one.told:  # then all that is known is that the server had it
            rows["backend"] = rows.get("backend", 0.0) + max(0.0, one.wall - one.connect - one.send - one.receive)
    return Sample(sum(one.wall for one in exchanges), rows, all(one.told for one in exchanges))


def table(samples: Sequence[Sample], runs: float, notes: Mapping[str, str]) -> list[dict[str, JSON]]:
    """Return a row of figures for each stage; `runs` is how many runs the samples are of, so that total_ms is of one."""
    found: list[dict[str, JSON]] = []
    is_told = bool(samples) and all(one.is_told for one in samples)
    for name in ROWS:
        values = [one.rows.get(name, 0.0) for one in samples] if any(name in one.rows for one in samples) else []
        note = notes.get(name, "")
        if not values:
            note = note or ("not asked" if is_told else "not told")
        found.append({"name": name, **figures(values, sum(values) / runs if values and runs else None), "note": note})
    return found


def embedding(samples: Sequence[Sample], runs: float) -> dict[str, float | None]:
    """Return the figures of all stages of the embedding together."""
    values = [
        sum(one.rows.get(name, 0.0) for name in EMBEDDING)
        for one in samples
        if any(name in one.rows for name in EMBEDDING)
    ]
    return figures(values, sum(values) / runs if values and runs else None)


def sum_check(samples: Sequence[Sample], limit: float = LIMIT) -> dict[str, JSON]:
    """Compare the stages' sum with the wall time, both of the mean sample: `difference` is the share of the wall that
    no stage explains.

    Below zero, some time is told twice. `ok` is None where the server tells no stages: then there is nothing to check.
    """
    if not samples:
        return {"wall_ms": None, "sum_ms": None, "difference": None, "limit": limit, "ok": None}
    wall = sum(one.wall for one in samples) / len(samples)
    if not all(one.is_told for one in samples):
        return {"wall_ms": round(wall, 4), "sum_ms": None, "difference": None, "limit": limit, "ok": None}
    added = sum(sum(one.rows.values()) for one in samples) / len(samples)
    difference = (wall - added) / wall if wall else 0.0
    return {
        "wall_ms": round(wall, 4),
        "sum_ms": round(added, 4),
        "difference": round(difference, 4),
        "limit": limit,
        "ok": abs(difference) <= limit,
    }
