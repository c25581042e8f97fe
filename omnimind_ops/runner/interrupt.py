"""Ctrl-C and SIGTERM: the first one stops a run and rolls it back.

A second Ctrl-C stops at once and leaves the journal as it is, to be resumed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.runner.clock import Clock

DOUBLE = timedelta(seconds=1)
"""Two signals within this time count as one: launchers (sudo, uv) forward Ctrl-C although the terminal sends it to all.
"""


@dataclass
class Stop:
    """Whether a stop was requested; `by` is the signal's name, "" for no request."""

    by: str = ""
    at: datetime | None = None

    def check(self) -> None:
        """Raise the Problem of an interrupted run if a stop was requested."""
        if self.by:
            why = f"interrupted ({self.by})"
            raise Problem("run stopped", why, "start it again when you are ready", code=ExitCode.INTERRUPTED)


@contextmanager
def interrupts(clock: Clock, announce: Callable[[], None]) -> Iterator[Stop]:
    """Turn signals into a Stop for a `with` block (main thread only; in other threads it never fires).

    `announce` is called in its own thread, because the main thread may be doing anything. SIGHUP is ignored: a lost
    terminal does not end a run. A second SIGINT raises KeyboardInterrupt.
    """
    stop = Stop()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        now = clock()
        first, stop.by = not stop.by, stop.by or signal.Signals(number).name
        if first:
            stop.at = now
            threading.Thread(target=announce, daemon=True).start()
        elif number == signal.SIGINT and stop.at is not None and now - stop.at > DOUBLE:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers] = {
        signal.SIGINT: on_signal,
        signal.SIGTERM: on_signal,
        signal.SIGHUP: signal.SIG_IGN,
    }
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
