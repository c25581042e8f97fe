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
    "total": lambda one: (one.get("elapsed_ms") or {}).get("p50_ms"),
    "texts_per_s": lambda one: one.get("texts_per_s"),
    "queries_per_s": lambda one: one.get("queries_per_s"),
    "requests_per_s": lambda one: one.get("requests_per_s"),
    "recall": lambda one: one.get("recall"),
    "lost": lambda one: one.get("lost"),
    "cv": lambda one: one["noise"]["cv"],
    "unaccounted": lambda one: None if one["sum_check"]["difference"] is None else abs(one["sum_check"]["difference"]),
    "crossover": lambda one: one.get("crossover"),
}
"""Metrics for requirements besides the figures; `total` is the time of the whole run."""
TIMES = {"": 1.0, "us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
SHARES = {"": 1.0, "%": 0.01}
PLAIN = {"": 1.0, "/s": 1.0}
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_GRAMMAR = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|<|>|=)\s*(\d+(?:\.\d+)?)\s*(\S*)\s*")
_FIX = f"write METRIC OPERATOR VALUE [UNIT], as 'p95<210ms'; metrics: {', '.join((*FIGURES, *VALUES))}, and STAGE.p95"


@dataclass(frozen=True)
class Requirement:
    """One requirement. `text` is the user's input; `value` is in milliseconds, a share of 1, or a plain number."""

    text: str
    metric: str
    sign: str
    value: float

    def judged(self, document: Mapping[str, Any]) -> dict[str, JSON]:
        """Return the measured value and whether the requirement is met; a metric without a measurement fails."""
        found = _find(self.metric, document)
        return {"text": self.text, "found": found, "ok": found is not None and OPERATORS[self.sign](found, self.value)}


def read(words: Sequence[str]) -> tuple[Requirement, ...]:
    """Return the requirements; Problem (64) for the first invalid one."""
    return tuple(_read(text) for text in words)


def _read(text: str) -> Requirement:
    hit = _GRAMMAR.fullmatch(text)
    if not hit:
        raise Problem(
            "cannot read a requirement", f"--require {text!r} is not of the form of one", _FIX, code=ExitCode.USAGE
        )
    metric, sign, number, unit = hit.groups()
    units = _units(metric)
    if units is None:
        raise Problem(
            "cannot read a requirement", f"{metric} of --require {text!r} is not known", _FIX, code=ExitCode.USAGE
        )
    if unit not in units:
        known = ", ".join(filter(None, units)) or "none"
        raise Problem(
            "cannot read a requirement",
            f"{unit!r} of --require {text!r} is no unit of {metric} (they are: {known})",
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


def _find(metric: str, document: Mapping[str, Any]) -> float | None:
    if metric in VALUES:
        found = VALUES[metric](document)
    else:
        stage, _, figure = metric.rpartition(".")
        rows = (
            [document["total"]]
            if stage in ("", "total")
            else [row for row in document["stages"] if row["name"] == stage]
        )
        rows += [document["embedding"]] if stage == "embedding" and document.get("embedding") else []
        found = rows[0].get(f"{figure}_ms") if rows else None
    return float(found) if isinstance(found, int | float) else None
