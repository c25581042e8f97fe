"""Ctrl-C and SIGTERM ask a run to stop and go back; a second Ctrl-C stops at once and leaves the journal as it is, to
be resumed.
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
"""Two signals within this are one: launchers (sudo, uv) pass Ctrl-C on although the terminal sends it to everybody."""


@dataclass
class Stop:
    """Whether somebody asked; `by` is the signal's name, "" when nobody did."""

    by: str = ""
    at: datetime | None = None

    def check(self) -> None:
        """Raise the Problem of an interrupted run when somebody asked."""
        if self.by:
            what = "cannot go on with the run"
            raise Problem(
                what, f"interrupted ({self.by})", "start it again when you are ready", code=ExitCode.INTERRUPTED
            )


@contextmanager
def interrupts(clock: Clock, announce: Callable[[], None]) -> Iterator[Stop]:
    """Turn signals into a Stop for a `with` block (main thread only; elsewhere it never fires).

    `announce` is called in a thread of its own: the main one may be in the middle of anything. SIGHUP is ignored: a
    lost terminal does not end a run. A second SIGINT raises KeyboardInterrupt.
    """
    stop = Stop()

    def asked(number: int, _frame: FrameType | None) -> None:
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
    wanted: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers] = {
        signal.SIGINT: asked,
        signal.SIGTERM: asked,
        signal.SIGHUP: signal.SIG_IGN,
    }
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
