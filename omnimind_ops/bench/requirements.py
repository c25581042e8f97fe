"""Requirements for a result:
`p95<210ms`, `inference.p50<=20ms`, `texts_per_s>100`, `recall>=0.99`, `total<2.5s`, `unaccounted<5%`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem

FIGURES = ("p50", "p95", "p99", "min", "max", "mean", "sd")
VALUES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "total": lambda document: (document.get("elapsed_ms") or {}).get("p50_ms"),
    "texts_per_s": lambda document: document.get("texts_per_s"),
    "queries_per_s": lambda document: document.get("queries_per_s"),
    "requests_per_s": lambda document: document.get("requests_per_s"),
    "recall": lambda document: document.get("recall"),
    "lost": lambda document: document.get("lost"),
    "cv": lambda document: document["noise"]["cv"],
    "unaccounted": lambda document: (
        None if document["sum_check"]["difference"] is None else abs(document["sum_check"]["difference"])
    ),
    "crossover": lambda document: document.get("crossover"),
}
"""Metrics for requirements besides the figures; `total` is the time of the whole run."""
TIMES = {"": 1.0, "us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
SHARES = {"": 1.0, "%": 0.01}
PLAIN = {"": 1.0, "/s": 1.0}
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_GRAMMAR = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|<|>|=)\s*(\d+(?:\.\d+)?)\s*(\S*)\s*")
_FIX = (
    "write METRIC OPERATOR VALUE [UNIT], for example 'p95<210ms'; "
    f"metrics: {', '.join((*FIGURES, *VALUES))}, and STAGE.p95"
)


@dataclass(frozen=True)
class Requirement:
    """One requirement. `text` is the user's input; `value` is in milliseconds, a share of 1, or a plain number."""

    text: str
    metric: str
    sign: str
    value: float

    def evaluate(self, document: Mapping[str, Any]) -> dict[str, JSON]:
        """Return the measured value and whether the requirement is met; a metric without a measurement fails."""
        value = _value_of(self.metric, document)
        return {"text": self.text, "found": value, "ok": value is not None and OPERATORS[self.sign](value, self.value)}


def parse(texts: Sequence[str]) -> tuple[Requirement, ...]:
    """Return the requirements; Problem (64) for the first invalid one."""
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Requirement:
    match = _GRAMMAR.fullmatch(text)
    if not match:
        raise Problem(
            "cannot read a requirement", f"--require {text!r} is not a valid requirement", _FIX, code=ExitCode.USAGE
        )
    metric, sign, number, unit = match.groups()
    units = _units(metric)
    if units is None:
        raise Problem(
            "cannot read a requirement", f"--require {text!r}: unknown metric {metric}", _FIX, code=ExitCode.USAGE
        )
    if unit not in units:
        allowed = ", ".join(filter(None, units)) or "none"
        raise Problem(
            "cannot read a requirement",
            f"--require {text!r}: {unit!r} is not a unit of {metric} (units: {allowed})",
            _FIX,
            code=ExitCode.USAGE,
        )
    return Requirement(text, metric, sign, float(number) * units[unit])


def _units(metric: str) -> Mapping[str, float] | None:
    if metric in ("recall", "unaccounted", "cv"):
        return SHARES
    if metric == "total" or metric.rpartition(".")[2] in FIGURES:
        return TIMES
    return PLAIN if metric in VALUES else None


def _value_of(metric: str, document: Mapping[str, Any]) -> float | None:
    if metric in VALUES:
        value = VALUES[metric](document)
    else:
        stage, _, figure = metric.rpartition(".")
        rows = (
            [document["total"]]
            if stage in ("", "total")
            else [row for row in document["stages"] if row["name"] == stage]
        )
        rows += [document["embedding"]] if stage == "embedding" and document.get("embedding") else []
        value = rows[0].get(f"{figure}_ms") if rows else None
    return float(value) if isinstance(value, int | float) else None
