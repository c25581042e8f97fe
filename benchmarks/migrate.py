"""Downtime of a real migration on a disposable host, also with ten times the data; the no-op converge; the copy.

Endpoints are probed every 20 ms from inside the host.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace

from benchmarks import copy
from tests.hosts import tool, wheelhouse
from tests.hosts.sample import boot_sample, wait_for_stack
from tests.hosts.watch import STACK_ENDPOINTS, Tally, Watch

SECRETS = {"qdrant": "/etc/omnimind/secrets/qdrant.key", "redis": "/etc/omnimind/secrets/redis.password"}
ENDPOINTS = tuple(replace(end, credentials=SECRETS.get(end.name)) for end in STACK_ENDPOINTS)
PROBE_SECONDS = 0.02


def measure(points: int, rounds: int) -> tuple[list[dict[str, Tally]], list[float]]:
    """Migrate and roll back `rounds` times.

    Returns the probe's results of each round, and the seconds of each no-op converge.
    """
    results, noop = [], []
    with boot_sample(points=points, mounts=[wheelhouse.mount()]) as host:
        tool.install(host)
        for number in range(rounds):
            with Watch(host, ENDPOINTS, every=PROBE_SECONDS) as watch:
                tool.migrate(host)
            results.append(watch.result)
            began = time.monotonic()
            tool.omnimind(host, "converge")
            noop.append(time.monotonic() - began)
            if number < rounds - 1:
                tool.omnimind(host, "rollback", "--yes")
                wait_for_stack(host)
    return results, noop


def main() -> None:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bytes", type=float, default=1.8e9, help="size of the copied tree")
    options = parser.parse_args()
    single, noop = measure(options.points, options.rounds)
    tenfold, _ = measure(options.points * 10, options.rounds)
    print(f"{'endpoint':<12}{'points':>10}{'down s, median':>16}{'worst':>8}{'refused s':>11}")
    for points, results in ((options.points, single), (options.points * 10, tenfold)):
        for name in results[0]:
            downs = [result[name]["total_gap"] for result in results]
            refused = statistics.median(result[name]["refused"] * PROBE_SECONDS for result in results)
            print(f"{name:<12}{points:>10}{statistics.median(downs):>16.2f}{max(downs):>8.2f}{refused:>11.2f}")
    copied = copy.benchmark(int(options.bytes), 5, None)
    print(
        json.dumps(
            {
                "downtime_s": round(_downtime(single), 2),
                "downtime_10x_s": round(_downtime(tenfold), 2),
                "refused_s": round(
                    statistics.median(max(r[name]["refused"] for name in r) * PROBE_SECONDS for r in single), 2
                ),
                **copied,
                "noop_s": round(statistics.median(noop), 2),
            }
        )
    )


def _downtime(results: list[dict[str, Tally]]) -> float:
    """Return the median over the rounds of the longest downtime of any endpoint."""
    return statistics.median(max(tally["total_gap"] for tally in result.values()) for result in results)


if __name__ == "__main__":
    main()
