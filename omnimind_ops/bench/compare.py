"""Comparison of a result with a saved one. Both must be the same work on the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

COMPARED = ("target", "device")
"""Settings that may differ: they are the subject of the comparison."""
UNKNOWN = "unknown"
"""A setting of an external server that may or may not be the same; a note reports it."""
UNKNOWNS = (UNKNOWN, "not told")
"""With the word that version 0.1.0 saved."""
MACHINE = ("machine", "cpu", "cores", "memory", "gpu")
"""Facts that identify the machine."""
LEAST_NOISE = 0.05
WITHIN = "within noise"


def refuse_incomparable(now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Raise a Problem that names the differences between two results that should differ only in speed."""
    if different := differences(now, before):
        why = f"{before['name'] or 'the baseline'} differs: {'; '.join(different)}"
        fix = (
            "use the same settings (--no-qdrant skips the searches), or add --compare-anyway"
            if "qdrant" in why
            else "use the same settings, or add --compare-anyway"
        )
        raise Problem("cannot compare with the baseline", why, fix)


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the differences as text."""
    result = [] if now["case"] == before["case"] else [f"case {before['case']}, now {now['case']}"]
    current, baseline = (dict(side["settings"]) for side in (now, before))
    names = [
        name
        for name in sorted({*current, *baseline} - {*COMPARED})
        if not _is_unknown(current.get(name), baseline.get(name))
    ]
    result += [
        f"{name} {_or_none(baseline.get(name))}, now {_or_none(current.get(name))}"
        for name in names
        if current.get(name) != baseline.get(name)
    ]
    machine, baseline_machine = now["environment"], before["environment"]
    changed = [name for name in MACHINE if machine.get(name) != baseline_machine.get(name)]
    return result + [
        f"another machine ({name} {_or_none(baseline_machine.get(name))}, now {_or_none(machine.get(name))})"
        for name in changed
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
        for name, (baseline_ms, now_ms) in pairs.items()
        if (row := _row(name, baseline_ms.get("p50_ms"), now_ms.get("p50_ms"), limit))
    ]
    return {
        "baseline": before["name"],
        "made": before["made"],
        "noise": round(limit, 4),
        "rows": rows,
        "verdict": _overall_verdict(rows),
        "differences": differences(now, before),
        "notes": _notes(now, before),
    }


def _overall_verdict(rows: list[dict[str, JSON]]) -> str:
    """Return the verdict for the total."""
    if not rows or rows[0]["name"] != "total":
        return "unknown"
    total_verdict = str(rows[0]["verdict"])
    return f"not faster: {total_verdict}" if total_verdict == WITHIN else total_verdict


def _row(name: str, baseline_ms: float | None, now_ms: float | None, limit: float) -> dict[str, JSON] | None:
    if not baseline_ms or not now_ms:
        return None
    ratio = baseline_ms / now_ms
    return {
        "name": name,
        "before_ms": baseline_ms,
        "now_ms": now_ms,
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
    notes = [
        f"{name}: {before.get(name) or '?'} → {now.get(name) or '?'}"
        for name in ("device",)
        if before.get(name) != now.get(name)
    ]
    if (baseline_target := before["settings"].get("target")) != (target := now["settings"].get("target")):
        notes.append(f"target: {baseline_target} → {target}")
    settings, baseline_settings = now["settings"], before["settings"]
    doubtful = [
        name
        for name in settings
        if settings[name] != baseline_settings.get(name) and _is_unknown(settings[name], baseline_settings.get(name))
    ]
    notes += [f"{name}: {baseline_settings.get(name)} → {settings[name]}" for name in doubtful]
    environment, baseline_environment = now["environment"], before["environment"]
    notes += [
        f"{name}: {_or_none(baseline_environment.get(name))} → {_or_none(environment.get(name))}"
        for name in ("kernel", "driver", "omnimind", "governor")
        if environment.get(name) != baseline_environment.get(name)
    ]
    notes += [
        f"{side['name'] or 'this result'} is unstable" for side in (before, now) if side["noise"]["verdict"] != "stable"
    ]
    return notes + [f"{side['name'] or 'this result'} was interrupted" for side in (before, now) if side["interrupted"]]


def _or_none(value: object) -> str:
    return "none" if value in (None, "") else str(value)


def _is_unknown(*values: object) -> bool:
    return any(value in UNKNOWNS for value in values)
