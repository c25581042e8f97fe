"""A receipt as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED
from omnimind_ops.model.notes import Sides
from omnimind_ops.model.receipt import Receipt, ReceiptBackup, ReceiptStep


def receipt(content: Receipt) -> str:
    """Return the receipt for people."""
    times = f"started {content.started} · ended {content.ended or 'not yet'}"
    lines = [
        f"# omnimind receipt {content.run}",
        "",
        f"State: **{content.state}** · {times} · omnimind {content.omnimind} · plan {content.plan.digest}",
        "",
        f"Rollback: {content.rollback}.",
        "",
        "## Downtime, seconds",
        "",
        *table(("service", "seconds"), [(name, f"{seconds}") for name, seconds in content.downtime_s.items()]),
        "",
        *_speed(content.bench),
        "## Compared",
        "",
        *_backup(content.backup),
    ]
    if content.set_aside:
        lines += ["### Set aside", "", *table(("folder", "content"), list(content.set_aside.items())), ""]
    for store, sides in content.verified.items():
        lines += [f"### {store}", "", *table(("fact", "old", "native"), _facts(sides)), ""]
    lines += [
        "## Steps",
        "",
        *table(("step", "phase", "status", "seconds", "undo"), [_step(step) for step in content.plan.steps]),
        "",
        f"Digest: `{content.digest}`",
    ]
    return "\n".join(lines)


def _speed(measurements: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the speed before and after; nothing if it was not measured."""
    if not measurements:
        return []
    rows = [(name, *_measured(document)) for name, document in measurements.items()]
    return ["## Speed", "", *table(("", "request", "device", "texts/s", "p50 ms", "p95 ms", "p99 ms"), rows), ""]


def _measured(document: Mapping[str, Any]) -> tuple[str, ...]:
    figures = [document["texts_per_s"], *(document["total"][name] for name in ("p50_ms", "p95_ms", "p99_ms"))]
    texts = ["not measured" if figure is None else str(figure) for figure in figures]
    return str(document["route"]), str(document["device"]), *texts


def _backup(backup: ReceiptBackup | None) -> list[str]:
    """Return which backup replaces the old Qdrant as the source, and which second reader read it."""
    if backup is None:
        return []
    lines = [
        f"Qdrant's old side is the backup {backup.path}, as read by the installed program. "
        f"Recovered by Qdrant itself: {backup.second_reader}.",
        "",
    ]
    if backup.checksum is None:  # the run ended before it was read, or an older version made it
        return lines
    mark = "**" if backup.checksum in UNPROTECTED else ""
    return [*lines, f"{mark}Checksum of the backup: {DESCRIPTIONS[backup.checksum]}.{mark}", ""]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    return [_row(head), _row(tuple("---" for _ in head)), *map(_row, rows)]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _step(step: ReceiptStep) -> tuple[str, ...]:
    return step.id, step.phase, step.status, "" if step.seconds is None else str(step.seconds), step.undo


def _facts(sides: Sides) -> list[tuple[str, ...]]:
    groups: tuple[tuple[Mapping[str, object], Mapping[str, object]], ...] = (
        (sides.source.counts, sides.native.counts),
        (sides.source.digests, sides.native.digests),
    )
    return [
        (name, str(old.get(name, "absent")), str(native.get(name, "absent")))
        for old, native in groups
        for name in sorted({*old, *native})
    ]
