"""Print the table of faults and, as the last line, one JSON object.

Exits with 1 if a row misses its bound, or if a negative control meets it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

from benchmarks.faults import data, naive, services, workers
from benchmarks.faults.cluster import WATCHDOG, Cluster, cluster, native
from benchmarks.faults.rows import Row

FOREVER = 9999.0
"""Seconds: any time except infinite, which means that it did not recover."""
BUDGET = 900.0
"""Seconds after which no further row starts."""


def main() -> int:
    """Run the requested rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="number of times each fault is injected")
    parser.add_argument("--rows", default="", help="only these rows, such as 1,4,14 (default: all)")
    parser.add_argument("--no-control", action="store_true", help="skip the negative controls")
    parser.add_argument(
        "--no-bounds",
        action="store_true",
        help="ignore the time limits: a row passes if everything recovered and nothing was lost",
    )
    parser.add_argument(
        "--native",
        action="store_true",
        help="use the system that systemd runs here (only on a test host) instead of an embedded one",
    )
    options = parser.parse_args()
    selected = frozenset(filter(None, options.rows.split(",")))
    began, done, controls = time.monotonic(), list[Row](), list[Row]()
    with native() if options.native else cluster() as running:
        _head()
        for measure in (*workers.ROWS, *data.ROWS, *services.ROWS):
            if time.monotonic() - began < BUDGET:
                done += _measure(measure, running, options, selected)
        for control in () if options.no_control else naive.CONTROLS:
            controls.append(control(running))
            _print(controls[-1], "fails, as expected" if not controls[-1].ok else "PASSES, BUT SHOULD FAIL")
    return _end(done, controls)


def _measure(measure, running: Cluster, options: argparse.Namespace, selected: frozenset[str]) -> list[Row]:  # type: ignore[no-untyped-def]
    number = NUMBERS[measure.__name__]
    if selected and number not in selected:
        return []
    try:
        row = measure(running, options.rounds)
    except Exception as error:  # the other rows are still useful
        row = Row(number, measure.__name__, "", 0.0, notes=[f"{type(error).__name__}: {error}"])
    if options.no_bounds:
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
        f"watchdog {WATCHDOG:g} s (30 s in production); figures: seconds until recovery, or the longest wait of a request; lost: requests, writes and needless restarts"
    )
    print(
        f"{'#':<4}{'fault':<36}{'injected by':<30}{'n':>3}{'median':>8}{'worst':>8}{'bound':>8}{'lost':>6}{'of':>7}  result"
    )


def _print(row: Row, verdict: str) -> None:
    median, worst = (f"{statistics.median(row.figures):.2f}", f"{max(row.figures):.2f}") if row.figures else ("-", "-")
    figures = f"{len(row.figures):>3}{median:>8}{worst:>8}{row.bound:>8.1f}{row.lost:>6}{row.requests or '':>7}"
    print(f"{row.number:<4}{row.fault:<36}{row.injected:<30}{figures}  {verdict}", flush=True)
    for note in row.notes[:3]:
        print(f"      {note}", flush=True)


def _end(done: list[Row], controls: list[Row]) -> int:
    passed, controls_failed = sum(row.ok for row in done), sum(not row.ok for row in controls)
    print(json.dumps({
        "rows": len(done), "held": passed, "controls": len(controls), "controls_bite": controls_failed,
        "worst_s": {row.number: _number(max(row.figures)) for row in done if row.figures},
        "lost": {row.number: row.lost for row in done},
    }))  # fmt: skip
    return 0 if passed == len(done) and controls_failed == len(controls) else 1


def _number(seconds: float) -> float | None:
    """Return seconds for JSON; null for something that never happened."""
    return round(seconds, 3) if seconds != float("inf") else None


if __name__ == "__main__":
    sys.exit(main())
