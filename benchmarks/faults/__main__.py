"""Print the table of faults and, as the last line, one JSON object.

Exits with 1 if a row misses its bound, or if a negative control meets it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

from benchmarks.faults import data, naive, others, workers
from benchmarks.faults.cluster import WATCHDOG, Cluster, cluster, native
from benchmarks.faults.rows import Row

FOREVER = 9999.0
"""Seconds: any time except infinite, which means that it did not recover."""
BUDGET = 900.0
"""Seconds after which no further row starts."""


def main() -> int:
    """Run the requested rows."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="how often each fault is injected")
    options.add_argument("--rows", default="", help="only these, as 1,4,14; all unless given")
    options.add_argument("--no-control", action="store_true", help="leave the negative controls out")
    options.add_argument(
        "--no-bounds",
        action="store_true",
        help="a row holds when all came back and nothing was lost, however long it took",
    )
    options.add_argument(
        "--native",
        action="store_true",
        help="hurt the system that systemd runs here (a test host); else an embedded one of its own",
    )
    asked = options.parse_args()
    wanted = frozenset(filter(None, asked.rows.split(",")))
    began, done, controls = time.monotonic(), list[Row](), list[Row]()
    with native() if asked.native else cluster() as running:
        _head()
        for measure in (*workers.ROWS, *data.ROWS, *others.ROWS):
            if time.monotonic() - began < BUDGET:
                done += _one(measure, running, asked, wanted)
        for control in () if asked.no_control else naive.CONTROLS:
            controls.append(control(running))
            _print(controls[-1], "bites" if not controls[-1].ok else "DOES NOT BITE")
    return _end(done, controls)


def _one(measure, running: Cluster, asked: argparse.Namespace, wanted: frozenset[str]) -> list[Row]:  # type: ignore[no-untyped-def]
    number = NUMBERS[measure.__name__]
    if wanted and number not in wanted:
        return []
    try:
        row = measure(running, asked.rounds)
    except Exception as error:  # the other rows are still useful
        row = Row(number, measure.__name__, "", 0.0, notes=[f"{type(error).__name__}: {error}"])
    if asked.no_bounds:
        row.bound = FOREVER
    _print(row, "ok" if row.ok else "FAILS")
    return [row]


NUMBERS = {
    "killed_worker": "1", "both_killed": "2", "frozen_worker": "3", "blocked_worker": "4", "all_frozen": "5", "rolling": "6", "start_fails": "7",
    "crash_loop": "8", "redis_killed": "9", "redis_frozen": "9b", "frozen_for_good": "9c", "postgres_killed": "10", "qdrant_killed": "11", "frontend_killed": "12",
    "guard_hit": "13", "slow_dependency": "14", "engine_killed": "e",
}  # fmt: skip


def _head() -> None:
    print(
        f"watchdog {WATCHDOG:g} s (30 s in real life); seconds until mended, or the longest wait of a request; lost: requests, writes, needless restarts"
    )
    print(
        f"{'#':<4}{'fault':<36}{'injected by':<30}{'n':>3}{'median':>8}{'worst':>8}{'bound':>8}{'lost':>6}{'of':>7}  holds"
    )


def _print(row: Row, verdict: str) -> None:
    median, worst = (f"{statistics.median(row.figures):.2f}", f"{max(row.figures):.2f}") if row.figures else ("-", "-")
    figures = f"{len(row.figures):>3}{median:>8}{worst:>8}{row.bound:>8.1f}{row.lost:>6}{row.requests or '':>7}"
    print(f"{row.number:<4}{row.fault:<36}{row.injected:<30}{figures}  {verdict}", flush=True)
    for note in row.notes[:3]:
        print(f"      {note}", flush=True)


def _end(done: list[Row], controls: list[Row]) -> int:
    held, bites = sum(row.ok for row in done), sum(not row.ok for row in controls)
    print(json.dumps({
        "rows": len(done), "held": held, "controls": len(controls), "controls_bite": bites,
        "worst_s": {row.number: _number(max(row.figures)) for row in done if row.figures},
        "lost": {row.number: row.lost for row in done},
    }))  # fmt: skip
    return 0 if held == len(done) and bites == len(controls) else 1


def _number(seconds: float) -> float | None:
    """Return seconds for JSON; null for something that never happened."""
    return round(seconds, 3) if seconds != float("inf") else None


if __name__ == "__main__":
    sys.exit(main())
