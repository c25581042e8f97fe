"""Use case: the guard.

It checks every 10 s, carries out what health/policy.py decides, one action at a time, and feeds its own watchdog.
`python -m omnimind_ops.flows.guard` runs it and logs to stderr; so does `omnimind guard`.
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
from omnimind_ops.flows.health import Looker, looker
from omnimind_ops.health.moves import Limits
from omnimind_ops.model.event import Event, StepChanged, StepProblem, Tell, Warning, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings, load
from omnimind_ops.tools.notify import beat, last_beat, notify

PERIOD = 10.0
"""Seconds between checks."""
PULSE = 0.5
"""Seconds between watchdog notifications; also the maximum delay until a signal is handled."""
AGAIN = 60.0
"""Seconds between reloads of settings and credentials."""


def run(find: Callable[[], Looker], tell: Tell, *, period: float = PERIOD, limits: Limits | None = None) -> None:
    """Run the guard until SIGTERM or SIGINT."""
    with _signals() as stop:
        guard = Guard(find(), tell, limits or Limits())
        guard.resume()
        guard.tell(
            line(
                "",
                f"looks every {period:g} s{'' if guard.looker.world.system.auto_recovery else ', and only observes: auto_recovery is off'}",
            )
        )
        notify("READY=1")
        beat()  # at once, not only after the first check
        read = time.monotonic()
        while not stop.asked:
            began = time.monotonic()
            if began - read >= AGAIN:
                guard.looker, read = _again(guard, find), began
            guard.tick()
            _sleep(stop, began + (QUICK if guard.is_busy else period))
        last_beat()
        guard.end()


def _again(guard: Guard, find: Callable[[], Looker]) -> Looker:
    """Return the system as configured now, with its saved history; the present one if it cannot be read."""
    try:
        return replace(find(), cache=guard.looker.cache)
    except Problem as problem:
        guard.tell(warning(f"goes on with what it knows: {problem}"))
        return guard.looker


@dataclass
class _Stop:
    """Whether a stop was requested. A plain flag: an Event's own lock may be held when the signal arrives."""

    asked: bool = False


def _sleep(stop: _Stop, until: float) -> None:
    beat()
    while not stop.asked and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, PULSE))
        beat()


@contextmanager
def _signals() -> Iterator[_Stop]:
    stop = _Stop()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finder(settings: Callable[[], Settings], paths: Paths) -> Callable[[], Looker]:
    """Return a function that finds this machine's system, with fresh settings each time."""
    return lambda: looker(settings(), paths, live=True)


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
