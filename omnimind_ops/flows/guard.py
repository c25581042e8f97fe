"""Use case: the guard.

It checks every 10 s, carries out what health/restart_policy.py decides, one action at a time, and feeds its own
watchdog. `python -m omnimind_ops.flows.guard` runs it and logs to stderr; so does `omnimind guard`.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import FrameType

from omnimind_ops.flows.guard_cycle import QUICK, Guard
from omnimind_ops.flows.health import HealthMonitor, monitor
from omnimind_ops.health.recovery_actions import Limits
from omnimind_ops.model.event import Event, StepChanged, StepProblem, Tell, Warning, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings, load
from omnimind_ops.tools.notify import beat, last_beat, notify

PERIOD = 10.0
"""Seconds between checks."""
PULSE = 0.5
"""Seconds between watchdog notifications; also the maximum delay until a signal is handled."""
RELOAD_SECONDS = 60.0
"""Seconds between reloads of settings and credentials."""


def run(find: Callable[[], HealthMonitor], tell: Tell, *, period: float = PERIOD, limits: Limits | None = None) -> None:
    """Run the guard until SIGTERM or SIGINT."""
    with _signals() as stop:
        guard = Guard(find(), tell, limits or Limits())
        guard.resume()
        passive = "" if guard.monitor.world.system.auto_recovery else "; auto_recovery is off: it restarts nothing"
        guard.tell(line("", f"checks every {period:g} s{passive}"))
        notify("READY=1")
        beat()  # at once, not only after the first check
        loaded = time.monotonic()
        while not stop.requested:
            began = time.monotonic()
            if began - loaded >= RELOAD_SECONDS:
                guard.monitor, loaded = _reload(guard, find), began
            guard.tick()
            _sleep(stop, began + (QUICK if guard.is_busy else period))
        last_beat()
        guard.end()


def _reload(guard: Guard, find: Callable[[], HealthMonitor]) -> HealthMonitor:
    """Return the system as configured now, with its saved history; the present one if it cannot be read."""
    try:
        return replace(find(), cache=guard.monitor.cache)
    except Problem as problem:
        guard.tell(warning(f"keeps the previous settings: {problem}"))
        return guard.monitor


@dataclass
class _Stop:
    """Whether a stop was requested. A plain flag: an Event's own lock may be held when the signal arrives."""

    requested: bool = False


def _sleep(stop: _Stop, until: float) -> None:
    beat()
    while not stop.requested and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, PULSE))
        beat()


@contextmanager
def _signals() -> Iterator[_Stop]:
    stop = _Stop()

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.requested = True

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finder(settings: Callable[[], Settings], paths: Paths) -> Callable[[], HealthMonitor]:
    """Return a function that finds this machine's system, with fresh settings each time."""
    return lambda: monitor(settings(), paths, live=True)


def to_stderr(event: Event) -> None:
    """Write an event as a log line: time, label, text."""
    match event:
        case Warning() | StepProblem():
            label = "warning: "
        case StepChanged():
            label = "act: "
        case _:
            label = ""
    sys.stderr.write(f"{datetime.now().astimezone().isoformat(timespec='milliseconds')} {label}{event.text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    run(finder(load, Paths()), to_stderr)
