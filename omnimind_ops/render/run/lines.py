"""The view without a terminal (a log, a pipe, CI): plain lines without colour.

One line when a step starts and when it ends; progress at most every 5 seconds.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, Self

from omnimind_ops.model.event import Event, Line, Progress, RunEnded, RunStarted, StepChanged, StepProblem, Warning
from omnimind_ops.model.json import JSON
from omnimind_ops.model.status import Status
from omnimind_ops.render.format import amount, done_of, duration
from omnimind_ops.render.run.board import Board, Row

PROGRESS_SECONDS = 5.0
_STARTS = {Status.DOING: "", Status.UNDOING: "undoing: "}
_ENDS = {
    Status.DONE: "done in",
    Status.FAILED: "FAILED after",
    Status.UNDONE: "undone in",
    Status.UNDOING: "CANNOT be undone; tried for",
}


class Lines:
    """Writes plain lines to a file."""

    def __init__(self, file: IO[str], *, now: Callable[[], float] = time.monotonic) -> None:
        self.file, self.now = file, now
        self.board = Board(now)
        self._lock = threading.Lock()
        self._written = 0.0

    def tell(self, event: Event) -> None:
        """Write an event's lines, if it has any."""
        with self._lock:
            self.board.update(event)
            for text in self._texts(event):
                position = self.board.position(event.step)
                self.file.write(f"[{position}] {text}\n" if position else f"{text}\n")
            self.file.flush()

    def result(self, text: str, _data: Mapping[str, JSON], /) -> None:
        """Write the result to stdout."""
        sys.stdout.write(text + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.flush()

    def _texts(self, event: Event) -> tuple[str, ...]:
        row = self.board.rows.get(event.step)
        match event:
            case StepChanged() if row:
                self._written = self.now()
                return (_step(row, event),)
            case Progress() if row:
                return self._progress(row)
            case RunStarted():
                return (f"{event.text}, {len(self.board.rows)} steps",)
            case RunEnded():
                return (event.text,)
            case Warning() | StepProblem():
                return tuple(f"warning: {part}" for part in event.text.splitlines())
            case Line():
                return tuple(f"  {part}" for part in event.text.splitlines())
            case _:
                return ()

    def _progress(self, row: Row) -> tuple[str, ...]:
        if row.progress is None or self.now() - self._written < PROGRESS_SECONDS:
            return ()
        self._written = self.now()
        progress, parts = row.progress, [done_of(row.progress.done, row.progress.total, row.progress.unit)]
        if progress.fraction is not None:
            parts.insert(0, f"{progress.fraction:.0%}")
        if progress.rate is not None:
            parts.append(f"{amount(progress.rate, progress.unit)}/s")
        if (left := progress.seconds_left()) is not None:
            parts.append(f"{duration(left)} left")
        return (f"  {row.detail}: {', '.join(parts)}",)


def _step(row: Row, event: StepChanged) -> str:
    if row.status in _STARTS and event.seconds is None:
        return f"{row.phase}: {_STARTS[row.status]}{row.title}"
    if row.status is Status.HELD:
        return f"kept: {row.title}"
    unchanged = "" if row.changed else ", nothing to change"
    # With its title: several steps may run at once.
    return f"{row.title}: {_ENDS.get(row.status, row.status)} {duration(row.seconds)}{unchanged}"
