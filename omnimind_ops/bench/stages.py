"""Time per stage of an exchange: the client's own measurements and the stages in the server's Server-Timing header.

Missing values are not filled in. Time in no stage stays visible, and the sum check fails beyond a share of it.
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
"""Stages in the order of the exchange: the client sends, connects, and last receives; the server reports the stages in
between.
"""
EMBEDDING = ("tokenise", "queue", "inference", "engine")
ROW_OF = {
    "auth": "postgres",
    "cache": "redis",
    "redis": "redis",
    **{name: name for name in (*EMBEDDING, "serialise", "qdrant", "postgres")},
}
"""Row of each server stage. Stages that are not listed are work of the backend's own process: receive, parse, chunk,
backend.
"""
LIMIT = 0.05
"""Maximum share of the wall time that may be in no stage, or in two."""
_PART = re.compile(r"\s*([^;,\s]+)\s*(?:;[^,]*?\bdur=([0-9.]+))?[^,]*")


@dataclass(frozen=True)
class Exchange:
    """One request and its response, in milliseconds by the client's clock.

    `server_stages` holds the durations of the server's stages, {} when it reports none.
    """

    wall: float
    connect: float
    send: float
    receive: float
    server_stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One batch of one or several exchanges: wall time and rows in milliseconds.

    `is_reported`: the server reported its stages.
    """

    wall: float
    rows: Mapping[str, float]
    is_reported: bool


def parse_server_timing(header: str) -> dict[str, float]:
    """Return the milliseconds by stage of a Server-Timing header, without `total`, which is their sum."""
    durations = {match[1]: float(match[2]) for match in _PART.finditer(header) if match[2]}
    return {name: duration for name, duration in durations.items() if name != "total"}


def sample(exchanges: Sequence[Exchange]) -> Sample:
    """Return the sample of related exchanges, with one row per stage."""
    rows: dict[str, float] = {}
    for exchange in exchanges:
        for name, duration in (("request", exchange.send), ("tcp", exchange.connect), ("response", exchange.receive)):
            rows[name] = rows.get(name, 0.0) + duration
        for stage, duration in exchange.server_stages.items():
            row = ROW_OF.get(stage, "backend")
            rows[row] = rows.get(row, 0.0) + duration
        if not exchange.server_stages:  # then only the time at the server is known
            rows["backend"] = rows.get("backend", 0.0) + max(
                0.0, exchange.wall - exchange.connect - exchange.send - exchange.receive
            )
    return Sample(
        sum(exchange.wall for exchange in exchanges), rows, all(exchange.server_stages for exchange in exchanges)
    )


def stage_rows(samples: Sequence[Sample], runs: float, notes: Mapping[str, str]) -> list[dict[str, JSON]]:
    """Return a row of figures for each stage; `runs` is the number of runs in the samples, so that total_ms is for one
    run.
    """
    rows: list[dict[str, JSON]] = []
    is_reported = bool(samples) and all(sample.is_reported for sample in samples)
    for name in ROWS:
        values = (
            [sample.rows.get(name, 0.0) for sample in samples] if any(name in sample.rows for sample in samples) else []
        )
        note = notes.get(name, "")
        if not values:
            note = note or ("not used" if is_reported else "not reported")
        rows.append({"name": name, **figures(values, sum(values) / runs if values and runs else None), "note": note})
    return rows


def embedding_figures(samples: Sequence[Sample], runs: float) -> dict[str, float | None]:
    """Return the figures of all embedding stages together."""
    values = [
        sum(sample.rows.get(name, 0.0) for name in EMBEDDING)
        for sample in samples
        if any(name in sample.rows for name in EMBEDDING)
    ]
    return figures(values, sum(values) / runs if values and runs else None)


def sum_check(samples: Sequence[Sample], limit: float = LIMIT) -> dict[str, JSON]:
    """Compare the sum of the stages with the wall time, both of the mean sample: `difference` is the unaccounted share
    of the wall time.

    A negative value means that some time is reported twice. `ok` is None when the server reports no stages: there is
    nothing to check.
    """
    if not samples:
        return {"wall_ms": None, "sum_ms": None, "difference": None, "limit": limit, "ok": None}
    wall = sum(sample.wall for sample in samples) / len(samples)
    if not all(sample.is_reported for sample in samples):
        return {"wall_ms": round(wall, 4), "sum_ms": None, "difference": None, "limit": limit, "ok": None}
    total = sum(sum(sample.rows.values()) for sample in samples) / len(samples)
    difference = (wall - total) / wall if wall else 0.0
    return {
        "wall_ms": round(wall, 4),
        "sum_ms": round(total, 4),
        "difference": round(difference, 4),
        "limit": limit,
        "ok": abs(difference) <= limit,
    }
