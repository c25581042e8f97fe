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
class Measurement:
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
    measurement: Measurement, settings: Mapping[str, JSON], environment: Mapping[str, JSON], *, name: str, created: str
) -> dict[str, JSON]:
    """Return the whole document; `created` is ISO 8601 in UTC."""
    noise_of_medians = noise(measurement.medians)
    runs = max(len(measurement.elapsed), 1)
    buckets: list[JSON] = [list(bucket) for bucket in histogram(measurement.walls)]
    return {
        "schema": SCHEMA,
        "name": name,
        "case": measurement.case,
        "made": created,
        "settings": dict(settings),
        "environment": dict(environment),
        "device": measurement.device,
        "stages": list(measurement.stages),
        "total": dict(figures(measurement.walls, sum(measurement.walls) / runs if measurement.walls else None)),
        "elapsed_ms": dict(figures(measurement.elapsed)),
        "texts_per_s": None if measurement.texts_per_s is None else round(measurement.texts_per_s, 3),
        "histogram": buckets,
        "repeats": len(measurement.elapsed),
        "noise": {"verdict": noise_of_medians.verdict, "cv": noise_of_medians.cv},
        "sum_check": measurement.sum_check,
        "interrupted": measurement.interrupted,
        **measurement.more,
    }


def with_requirements(document: dict[str, JSON], results: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """Return the document with the results of its requirements."""
    return {**document, "requirements": list(results)} if results else document


def schema() -> dict[str, JSON]:
    """Return the JSON Schema of all documents."""
    document = json.loads((Path(__file__).parent / "schema.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document
