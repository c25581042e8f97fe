"""Use case: check the health once, repeatedly, or until it has a given state."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops import managers, world
from omnimind_ops.catalogue import STORES, named
from omnimind_ops.flows import restart as restarting
from omnimind_ops.health import cache as caches
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.history import STRICT, Thresholds
from omnimind_ops.health.probes import GUARD_FILE
from omnimind_ops.managers import Manager
from omnimind_ops.model.health import Report, State
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.runner import lock
from omnimind_ops.settings import Settings

LOG_LINES = 200
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|min|h|)")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_ENOUGH = {"ready": (State.READY,), "degraded": (State.READY, State.DEGRADED), "down": (State.DOWN,)}


@dataclass(frozen=True)
class HealthMonitor:
    """One system and its saved health history."""

    world: World
    manager: Manager
    cache: Cache

    def check(self) -> Report:
        """Check everything and return the report.

        While another omnimind command changes this system nothing is written to a store: it may be comparing data.
        """
        is_migrating = self.world.native and bool(lock.describe_holder(self.world.lock))
        is_live = self.cache.thresholds != STRICT  # a single check needs one answer of each backend, soon
        report = check(self.world, self.manager, self.cache, deep=not is_migrating, every_worker=is_live)
        if not self.world.has_credentials and all(
            reading.age is None for reading in report.services if reading.kind in STORES
        ):
            raise Problem(
                "cannot check the stores",
                "only root can read their credentials, and neither the guard nor a worker reports their state",
                "sudo omnimind health",
            )
        return report

    def logs(self, service: str) -> list[str]:
        """Return the last lines of a service's processes; with several processes, each line starts with its process."""
        entry = named(self.world, service)
        names = entry.processes if entry else ()
        share = max(LOG_LINES // max(len(names), 1), 20)
        return [
            f"{name}: {line}" if len(names) > 1 else line for name in names for line in self.manager.logs(name, share)
        ]

    def restart(self, service: str, who: str) -> None:
        """Restart a service as `omnimind restart` does: a backend's workers one after the other."""
        with lock.hold(self.world.lock, who, f"restart {service}"):
            restarting.restart(self.world, (service,), lambda _event: None)


def monitor(settings: Settings, paths: Paths, *, live: bool) -> HealthMonitor:
    """Find this machine's system (Problem NOT_INSTALLED).

    `live`: the thresholds apply, as one failed check is no news to a continuous observer.
    """
    system = world.find(settings, paths)
    cache = caches.load(system.run / GUARD_FILE, Thresholds() if live else STRICT)
    cache.ttl = caches.TTL if live else 0.0  # a single check wants the present state, not the guard's cached results
    return HealthMonitor(system, managers.of(system), cache)


def ticks(
    check: Callable[[], Report], interval: float, until: Callable[[Report], bool], seconds: float | None
) -> Iterator[Report]:
    """Yield reports `interval` seconds apart, until `until` accepts one or `seconds` have passed."""
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        began = time.monotonic()
        report = check()
        yield report
        if until(report) or (end is not None and time.monotonic() >= end):
            return
        wake = began + interval if end is None else min(began + interval, end)
        time.sleep(max(0.0, wake - time.monotonic()))


def enough(until: str) -> Callable[[Report], bool]:
    """Return the test of `--until`: ready, degraded (or better), down; "" never ends."""
    states = _ENOUGH.get(until, ())
    if until and not states:
        raise Problem(
            "invalid --until", f"unknown state: {until}", f"use one of: {', '.join(_ENOUGH)}", code=ExitCode.USAGE
        )
    return lambda report: report.state in states


def seconds_of(text: str) -> float:
    """Return 90.0 for "90", "90s" or "1.5m"; raise Problem for an invalid duration."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise Problem("invalid duration", f"cannot read {text}", "write it as 60s, 2m or 500ms", code=ExitCode.USAGE)
    return float(match[1]) * _SECONDS[match[2]]


def export(report_text: str, file: Path) -> None:
    """Replace a node_exporter textfile atomically; raise Problem when it cannot be written."""
    try:
        caches.write(file, report_text)
    except OSError as error:
        raise Problem(
            "cannot write the metrics",
            f"{file}: {error.strerror}",
            "use a file in a folder that exists and that you may write to",
        ) from error
