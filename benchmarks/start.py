"""Start time: `python -m benchmarks.start` runs an embedded system on free ports in a temporary folder.

`first_s` is `omnimind up` without any data (a new PostgreSQL cluster, new tables); `next_s` is the same with data after
`omnimind down`. Both are wall-clock times and include the command's own start and its final check. `health_ms` is one
full health check with deep probes, as `omnimind health` makes it, when all is well; `health_cli_ms` is the whole
command; `help_ms` is `omnimind --help`. All values are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COMMANDS = 5
"""Runs of each quick command."""


def main() -> int:
    """Measure, print a table and, as the last line, one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="first and next starts")
    rounds = parser.parse_args().rounds
    firsts, nexts, slowest = [], [], Counter[str]()
    quick: dict[str, list[float]] = {"health": [], "health_cli": [], "help": []}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="om-start-", ignore_cleanup_errors=True) as home:
            Path(home).chmod(0o755)
            variables = environment(Path(home))
            try:
                for times in (firsts, nexts):
                    seconds, result = up(variables)
                    times.append(seconds)
                    slowest[str(result["slowest"])] += 1
                    _print_start(f"{'next' if times is nexts else 'first'} start {number + 1}", seconds, result)
                    if times is nexts:
                        _quick(variables, quick)
                    run(variables, "down")
            finally:
                run(variables, "down", check=False)
    summary = {
        "first_s": round(statistics.median(firsts), 2),
        "next_s": round(statistics.median(nexts), 2),
        "health_ms": round(statistics.median(quick["health"])),
        "health_cli_ms": round(statistics.median(quick["health_cli"])),
        "help_ms": round(statistics.median(quick["help"])),
        "slowest": slowest.most_common(1)[0][0],
        "rounds": rounds,
        "cpus": len(os.sched_getaffinity(0)),
    }
    print(json.dumps(summary))
    return 0


def up(environment: dict[str, str]) -> tuple[float, dict[str, Any]]:
    """Start the system. Return the wall-clock seconds and the command's result."""
    began = time.monotonic()
    out = run(environment, "up", "--json")
    seconds = time.monotonic() - began
    return seconds, next(
        event["data"] for event in map(json.loads, reversed(out.splitlines())) if event["kind"] == "result"
    )


def _quick(environment: dict[str, str], times: dict[str, list[float]]) -> None:
    for _ in range(COMMANDS):
        began = time.monotonic()
        report = json.loads(run(environment, "health", "--json").splitlines()[-1])
        times["health_cli"].append((time.monotonic() - began) * 1000)
        times["health"].append(float(report.get("data", report)["seconds"]) * 1000)
        began = time.monotonic()
        run(environment, "--help")
        times["help"].append((time.monotonic() - began) * 1000)


def run(environment: dict[str, str], *arguments: str, check: bool = True) -> str:
    """Run an omnimind command and return its output. With `check`, a failure ends this program."""
    done = subprocess.run(
        (sys.executable, "-m", "omnimind_ops", *arguments),
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    if check and done.returncode:
        sys.exit(f"omnimind {' '.join(arguments)} ended with {done.returncode}\n{done.stderr}\n{done.stdout}")
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a separate embedded system: state below `home`, free ports."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(7)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    names = ("FRONTEND_PORT", "REDIS_PORT", "POSTGRES_PORT", "QDRANT_PORT")
    port_settings = {f"OMNIMIND_{name}": str(port) for name, port in zip(names, ports[3:], strict=True)}
    base = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return {**base, **port_settings, "OMNIMIND_BACKEND_PORTS": ",".join(map(str, ports[:3]))}


def _print_start(title: str, seconds: float, result: dict[str, Any]) -> None:
    print(f"{title}: {seconds:.1f} s, {result['state']}; slowest {result['slowest']}")
    for step in result["steps"]:
        print(f"  {step['name']:<16}{step['began']:7.2f} → {step['ready']:6.2f} s")
    print(f"  {result['calm']['said']} ({result['calm']['seconds']:.1f} s)\n")


if __name__ == "__main__":
    sys.exit(main())
