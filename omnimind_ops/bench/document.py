"""Result document of a measurement: printed by --json, saved, compared and shown on the page.

Its schema is schema.json beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from omnimind_ops.bench.figures import figures, histogram
from omnimind_ops.bench.noise import noise
from omnimind_ops.model.json import JSON

SCHEMA = "omnimind.bench/1"


@dataclass
class Measured:
    """Results of a case. `walls`: milliseconds of each sample; `medians`: of each repeat; `elapsed`: milliseconds of
    each whole repeat.

    `more` holds the members that only this case has.
    """

    case: str
    device: str = ""
    walls: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    stages: list[dict[str, JSON]] = field(default_factory=list)
    sum_check: dict[str, JSON] = field(
        default_factory=lambda: {"wall_ms": None, "sum_ms": None, "difference": None, "limit": None, "ok": None}
    )
    texts_per_s: float | None = None
    interrupted: bool = False
    more: dict[str, JSON] = field(default_factory=dict)


def document(
    found: Measured, settings: Mapping[str, JSON], environment: Mapping[str, JSON], *, name: str, made: str
) -> dict[str, JSON]:
    """Return the whole document; `made` is ISO 8601 in UTC."""
    quiet = noise(found.medians)
    runs = max(len(found.elapsed), 1)
    buckets: list[JSON] = [list(bucket) for bucket in histogram(found.walls)]
    return {
        "schema": SCHEMA,
        "name": name,
        "case": found.case,
        "made": made,
        "settings": dict(settings),
        "environment": dict(environment),
        "device": found.device,
        "stages": list(found.stages),
        "total": dict(figures(found.walls, sum(found.walls) / runs if found.walls else None)),
        "elapsed_ms": dict(figures(found.elapsed)),
        "texts_per_s": None if found.texts_per_s is None else round(found.texts_per_s, 3),
        "histogram": buckets,
        "repeats": len(found.elapsed),
        "noise": {"verdict": quiet.verdict, "cv": quiet.cv},
        "sum_check": found.sum_check,
        "interrupted": found.interrupted,
        **found.more,
    }


def judged(document: dict[str, JSON], results: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """Return the document with the results of its requirements."""
    return {**document, "requirements": list(results)} if results else document


def schema() -> dict[str, JSON]:
    """Return the JSON Schema of all documents."""
    found = json.loads((Path(__file__).parent / "schema.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
