"""Comparison of a result with a saved one. Both must be the same work on the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

COMPARED = ("target", "device")
"""Settings that may differ: they are the subject of the comparison."""
UNKNOWN = "not told"
"""A setting of an external server that may or may not be the same; a note reports it."""
MACHINE = ("machine", "cpu", "cores", "memory", "gpu")
"""Facts that identify the machine."""
LEAST_NOISE = 0.05
WITHIN = "within noise"


def refuse_other(now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Raise a Problem that names the differences between two results that should differ only in speed."""
    if wrong := differences(now, before):
        why = f"{before['name'] or 'it'} was measured otherwise: {'; '.join(wrong)}"
        alike = (
            "measure both alike (--no-qdrant leaves the searches out), or add --compare-anyway"
            if "qdrant" in why
            else "measure both alike, or add --compare-anyway"
        )
        raise Problem("cannot compare with the baseline", why, alike)


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the differences as text."""
    found = [] if now["case"] == before["case"] else [f"case {before['case']}, now {now['case']}"]
    one, other = (dict(side["settings"]) for side in (now, before))
    names = [name for name in sorted({*one, *other} - {*COMPARED}) if UNKNOWN not in (one.get(name), other.get(name))]
    found += [
        f"{name} {_said(other.get(name))}, now {_said(one.get(name))}"
        for name in names
        if one.get(name) != other.get(name)
    ]
    here, there = now["environment"], before["environment"]
    changed = [name for name in MACHINE if here.get(name) != there.get(name)]
    return found + [
        f"another machine ({name} {_said(there.get(name))}, now {_said(here.get(name))})" for name in changed
    ]


def comparison(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, JSON]:
    """Return a row for the total and for each stage in both results: medians, their ratio, and a verdict as text.

    A ratio above 1 means that this result is faster by that factor. A difference below twice the worse variation of the
    repeats, or below 5 %, counts as noise.
    """
    limit = max([LEAST_NOISE, *(2 * cv for side in (now, before) if (cv := side["noise"]["cv"]) is not None)])
    pairs = {"total": (before["total"], now["total"])}
    stages = {row["name"]: row for row in before["stages"]}
    pairs |= {row["name"]: (stages[row["name"]], row) for row in now["stages"] if row["name"] in stages}
    rows = [
        row
        for name, (was, is_now) in pairs.items()
        if (row := _row(name, was.get("p50_ms"), is_now.get("p50_ms"), limit))
    ]
    return {
        "baseline": before["name"],
        "made": before["made"],
        "noise": round(limit, 4),
        "rows": rows,
        "verdict": _whole(rows),
        "differences": differences(now, before),
        "notes": _notes(now, before),
    }


def _whole(rows: list[dict[str, JSON]]) -> str:
    """Return the verdict for the total."""
    if not rows or rows[0]["name"] != "total":
        return "cannot be told"
    said = str(rows[0]["verdict"])
    return f"not faster: {said}" if said == WITHIN else said


def _row(name: str, was: float | None, is_now: float | None, limit: float) -> dict[str, JSON] | None:
    if not was or not is_now:
        return None
    ratio = was / is_now
    return {
        "name": name,
        "before_ms": was,
        "now_ms": is_now,
        "ratio": round(ratio, 3),
        "verdict": verdict(ratio, limit),
    }


def verdict(ratio: float, noise: float) -> str:
    """Return the meaning of a ratio: "2.4 × faster", "within noise", or "not faster: 1.3 × slower"."""
    if 1 / (1 + noise) <= ratio <= 1 + noise:
        return WITHIN
    return f"{ratio:.3g} × faster" if ratio > 1 else f"not faster: {1 / ratio:.3g} × slower"


def _notes(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the differences that may be the cause (device, target, versions), and what weakens the comparison."""
    found = [
        f"{name}: {before.get(name) or '?'} → {now.get(name) or '?'}"
        for name in ("device",)
        if before.get(name) != now.get(name)
    ]
    if (was := before["settings"].get("target")) != (is_now := now["settings"].get("target")):
        found.append(f"target: {was} → {is_now}")
    chosen, before_it = now["settings"], before["settings"]
    doubtful = [
        name
        for name in chosen
        if chosen[name] != before_it.get(name) and UNKNOWN in (chosen[name], before_it.get(name))
    ]
    found += [f"{name}: {before_it.get(name)} → {chosen[name]}" for name in doubtful]
    one, other = now["environment"], before["environment"]
    found += [
        f"{name}: {_said(other.get(name))} → {_said(one.get(name))}"
        for name in ("kernel", "driver", "omnimind", "governor")
        if one.get(name) != other.get(name)
    ]
    found += [
        f"{side['name'] or 'this result'} is unstable" for side in (before, now) if side["noise"]["verdict"] != "stable"
    ]
    return found + [f"{side['name'] or 'this result'} was interrupted" for side in (before, now) if side["interrupted"]]


def _said(value: object) -> str:
    return "nothing" if value in (None, "") else str(value)
