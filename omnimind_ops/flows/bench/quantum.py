"""Circuits of growing size on the CPU and, where one works, on the GPU.

They run in a child process, in the environment that has the simulator.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import omnimind_ops
from omnimind_ops import world as worlds
from omnimind_ops.bench.document import Measurement
from omnimind_ops.bench.figures import figures
from omnimind_ops.flows.bench.options import BenchOptions
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings
from omnimind_ops.tools import shell

CircuitRow = Mapping[str, Any]


def settings(options: BenchOptions) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    return {"device": "auto", "target": "this machine", "budget": options.budget, "circuits": "qft, qv", "shots": 1024}


def measure(options: BenchOptions, settings: Settings, paths: Paths, tell: Tell) -> Measurement:
    """Measure for about `options.budget` seconds. Ctrl-C keeps the complete rows."""
    world, rows, last, is_interrupted = _world(settings, paths), [], {}, False
    began = time.monotonic()
    tell(progress("bench", "running circuits of growing size", 0, round(options.budget), "s"))
    try:
        with shell.lines(_command(world, paths, options), env=_environment()) as output:
            for line in output:
                message = json.loads(line)
                if "row" in message:
                    rows.append(message["row"])
                    tell(
                        progress(
                            "bench",
                            "running circuits of growing size",
                            min(round(time.monotonic() - began), round(options.budget)),
                            round(options.budget),
                            "s",
                        )
                    )
                else:
                    last = message
    except KeyboardInterrupt:
        is_interrupted = True
    except ValueError as error:
        raise Problem(
            "cannot measure circuits",
            f"the measuring process printed invalid output: {error}",
            "this is a bug in omnimind: please report it",
        ) from error
    if not is_interrupted and ("cannot" in last or not last):
        raise Problem(
            "cannot measure circuits",
            str(last.get("cannot") or "the measuring process ended without a result"),
            "check whether circuits run: omnimind health",
        )
    return _measured(rows, last, interrupted=is_interrupted)


def _world(settings: Settings, paths: Paths) -> World | None:
    try:
        return worlds.find(settings, paths)
    except Problem:
        return None


def _command(world: World | None, paths: Paths, options: BenchOptions) -> tuple[str, ...]:
    """Return the command, run by the engine's interpreter if it is installed, else by this one.

    Without a system there is no router to save a result for.
    """
    installed = paths.venv / "bin/python"
    python = str(installed) if world and world.native and installed.exists() else sys.executable
    return python, "-m", "backend.engine.quantum", str(world.state / "models") if world else "", str(options.budget)


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(omnimind_ops.__file__).parents[1]), "PYTHONSAFEPATH": "1"}


def _measured(rows: Sequence[CircuitRow], last: Mapping[str, Any], *, interrupted: bool) -> Measurement:
    good = [row for row in rows if row["seconds"]]
    walls = [seconds * 1000 for row in good for seconds in row["seconds"]]
    devices = sorted({str(row["device"]) for row in good})
    crossover = last.get("crossover") or {}
    runs = max((len(row["seconds"]) for row in good), default=0)
    # Each run's time relative to the median of its row: what remains is noise.
    medians = [
        statistics.fmean(
            row["seconds"][at] / statistics.median(row["seconds"]) for row in good if len(row["seconds"]) == runs
        )
        for at in range(runs)
    ]
    return Measurement(
        case="quantum",
        device=" and ".join(devices) or "not reported",
        walls=walls,
        medians=medians,
        elapsed=[sum(row["seconds"][at] * 1000 for row in good if len(row["seconds"]) == runs) for at in range(runs)],
        stages=[_stage(row) for row in rows],
        interrupted=interrupted,
        more={
            "rows": [dict(row) for row in rows],
            "crossovers": dict(crossover.get("precision", {})),
            "crossover": crossover.get("precision", {}).get("double"),
            "why_not": str(last.get("why_not", "")),
            "differ": dict(last.get("differ", {})),
            "saved": str(last.get("saved", "")),
            "said": _summary(last),
        },
    )


def _stage(row: CircuitRow) -> dict[str, JSON]:
    name = f"{row['circuit']} {row['qubits']} {row['device']} {row['precision']}"
    return {"name": name, **figures([seconds * 1000 for seconds in row["seconds"]]), "note": str(row["error"])}


def _summary(last: Mapping[str, Any]) -> list[JSON]:
    if not last:
        return []
    if reason := last.get("why_not"):
        return [f"only the CPU was measured: {reason}. No size is saved for the router: circuits run on the CPU"]
    crossover = last["crossover"]
    lines: list[JSON] = [
        f"{precision} precision: "
        + (f"the GPU is faster from {least} qubits on" if least is not None else "the GPU was never faster")
        for precision, least in crossover["precision"].items()
    ]
    differences = ", ".join(f"{value:.1e} ({name})" for name, value in last["differ"].items())
    lines.append(f"largest difference between amplitudes on CPU and GPU: {differences}")
    return [
        *lines,
        f"saved for the router: {last['saved']}"
        if last["saved"]
        else "not saved: there is no system here whose router could use it",
    ]
