"""A guard that is ticked by hand, with its patience shortened."""

from __future__ import annotations

import time
from collections.abc import Callable

from omnimind_ops.flows.guard_cycle import Guard
from omnimind_ops.flows.health import HealthMonitor
from omnimind_ops.health import cache as caches
from omnimind_ops.health.check import check
from omnimind_ops.health.history import Thresholds
from omnimind_ops.health.recovery_actions import Limits
from omnimind_ops.model.event import Event
from omnimind_ops.model.health import Report, State
from omnimind_ops.model.run import Run
from omnimind_ops.runner.history import History
from tests.health_world import System

QUICK = Limits(failures=3, failing=0.5, silent=3.0, backoff=0.05, backoff_max=0.2, healthy=1.0, gap=30.0)

SECONDS = 0.5  # that a probe may take here


class QuickMonitor(HealthMonitor):
    """A monitor whose probes take half a second at most."""

    def check(self) -> Report:
        return check(self.world, self.manager, self.cache, seconds=SECONDS)


class Watched:
    """A guard that is ticked by hand, and what it said."""

    def __init__(self, whole: System, **settings: object) -> None:
        self.events: list[Event] = []
        world = whole.with_settings(**settings)
        self.whole, self.guard = (
            whole,
            Guard(
                QuickMonitor(world, whole.manager, caches.load(world.run / "health.json", Thresholds())),
                self.events.append,
                QUICK,
            ),
        )
        self.guard.monitor.cache.ttl = 0
        self.guard.resume()

    def until(self, good: Callable[[Report], bool], seconds: float = 30) -> Report:
        """Tick until it is as wanted."""
        end = time.monotonic() + seconds
        while not good(report := self.guard.tick()):
            assert time.monotonic() < end, (report, self.events)
            time.sleep(0.05)
        return report

    def during(self, seconds: float) -> None:
        """Tick for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.guard.tick()
            time.sleep(0.05)

    @property
    def said(self) -> str:
        """All that it said, a line each."""
        return "\n".join(event.text for event in self.events)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The journal's runs, the newest first."""
        return History(self.whole.world.journal).runs()

    def texts(self, run: Run) -> str:
        """What the journal has of a run, a line each."""
        return "\n".join(event.event.text for event in History(self.whole.world.journal).events(run.id))


def ready(name: str) -> Callable[[Report], bool]:
    """Whether a report says that this one is well."""
    return lambda report: (item := report.of(name)) is not None and item.state is State.READY and not item.bad
