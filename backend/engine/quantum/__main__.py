"""`python -m backend.engine.quantum FOLDER BUDGET`: run by `omnimind bench quantum` in the simulator's environment.

It measures and prints JSON lines on stdout: {"row": …} for each row as it is measured, then {"crossover", "why_not",
"differ", "saved"}. If a GPU works, the crossover is saved in FOLDER for the router (not for FOLDER ""); without a GPU
nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from backend.engine.quantum import crossover
from backend.engine.quantum.installed import installed
from backend.engine.quantum.measure import measure
from backend.engine.quantum.process import Died


def main() -> int:
    """Measure, save, and return the exit code."""
    folder, budget = sys.argv[1], float(sys.argv[2])
    if not installed().dist:
        _print({"cannot": "Qiskit Aer is not installed"})
        return 1
    try:
        measured = asyncio.run(measure(budget_s=budget, on_row=lambda row: _print({"row": asdict(row)})))
        saved = str(crossover.save(Path(folder), measured.crossover)) if measured.crossover and folder else ""
    except (Died, OSError) as error:
        _print({"cannot": str(error)})
        return 1
    _print(
        {
            "crossover": asdict(measured.crossover) if measured.crossover else None,
            "why_not": measured.why_not,
            "differ": measured.differ,
            "saved": saved,
        }
    )
    return 0


def _print(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
