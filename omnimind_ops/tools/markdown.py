"""A receipt as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED, Checksum
from omnimind_ops.model.json import JSON


def receipt(body: Mapping[str, JSON]) -> str:
    """Return the receipt for people."""
    plan, verified, downtime = body["plan"], body["verified"], body["downtime_s"]
    assert isinstance(plan, Mapping) and isinstance(verified, Mapping) and isinstance(downtime, Mapping)
    steps = plan["steps"]
    assert isinstance(steps, list | tuple)
    lines = [
        f"# omnimind receipt {body['run']}",
        "",
        f"State: **{body['state']}** · started {body['started']} · ended {body['ended']} · omnimind {body['omnimind']} · plan {plan['digest']}",
        "",
        f"Rollback: {body['rollback']}.",
        "",
        "## Downtime, seconds",
        "",
        *table(("service", "seconds"), [(str(k), f"{v}") for k, v in downtime.items()]),
        "",
        *_bench(body.get("bench")),
        "## Compared",
        "",
        *_backup(body.get("backup")),
    ]
    for store, sides in verified.items():
        assert isinstance(sides, Mapping)
        lines += [f"### {store}", "", *table(("fact", "old", "native"), _facts(sides["source"], sides["native"])), ""]
    lines += [
        "## Steps",
        "",
        *table(("step", "phase", "status", "seconds", "undo"), [_step(step) for step in steps]),
        "",
        f"Digest: `{body['digest']}`",
    ]
    return "\n".join(lines)


def _bench(found: JSON) -> list[str]:
    """Return the speed before and after; nothing if it was not measured."""
    if not isinstance(found, Mapping) or not found:
        return []
    rows: list[tuple[str, ...]] = []
    for name, one in found.items():
        assert isinstance(one, Mapping)
        total = one["total"]
        assert isinstance(total, Mapping)
        told = [str(total[key] if total[key] is not None else "not measured") for key in ("p50_ms", "p95_ms", "p99_ms")]
        rows.append(
            (
                name,
                str(one["route"]),
                str(one["device"]),
                str(one["texts_per_s"] if one["texts_per_s"] is not None else "none made"),
                *told,
            )
        )
    return ["## Speed", "", *table(("", "asked", "device", "texts/s", "p50 ms", "p95 ms", "p99 ms"), rows), ""]


def _backup(found: JSON) -> list[str]:
    """Return which backup replaces the old Qdrant as the source, and which second reader read it."""
    if not isinstance(found, Mapping):
        return []
    lines = [
        f"Qdrant's old side is the backup {found['path']}, as the installed program reads it. "
        f"Recovered by Qdrant itself: {found['second_reader']}.",
        "",
    ]
    if found.get("checksum") is None:  # the run ended before it was read, or an older version made it
        return lines
    checksum = Checksum(str(found["checksum"]))
    mark = "**" if checksum in UNPROTECTED else ""
    return [*lines, f"{mark}Of that backup: {DESCRIPTIONS[checksum]}.{mark}", ""]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    return [_row(head), _row(tuple("---" for _ in head)), *map(_row, rows)]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _step(step: JSON) -> tuple[str, ...]:
    assert isinstance(step, Mapping)
    return tuple("" if step[key] is None else str(step[key]) for key in ("id", "phase", "status", "seconds", "undo"))


def _facts(old: JSON, new: JSON) -> list[tuple[str, ...]]:
    assert isinstance(old, Mapping) and isinstance(new, Mapping)
    rows: list[tuple[str, ...]] = []
    for kind in ("counts", "digests"):
        one, two = old[kind], new[kind]
        assert isinstance(one, Mapping) and isinstance(two, Mapping)
        rows += [
            (str(name), str(one.get(name, "absent")), str(two.get(name, "absent"))) for name in sorted({*one, *two})
        ]
    return rows
