"""Progress of a measurement: a bar on a terminal, else a line from time to time; always on stderr."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from omnimind_ops.model.event import Event, Line, Progress, StepProblem, Warning
from omnimind_ops.render.format import done_of

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

LINE_SECONDS = 5.0


class Bars:
    """Takes events from any thread."""

    def __init__(self, file: TextIO | None = None, *, is_screen: bool | None = None) -> None:
        self.file = file or sys.stderr
        self._is_screen = (
            self.file.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
            if is_screen is None
            else is_screen
        )
        self._lock = threading.Lock()
        self._progress: Bar | None = None
        self._task: TaskID | None = None
        self._text, self._written = "", 0.0

    def tell(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            if isinstance(event, Progress):
                self._move(event) if self._is_screen else self._line(event)
            elif isinstance(event, Warning | StepProblem | Line):
                mark = "" if isinstance(event, Line) else "! "
                if self._progress:
                    self._progress.console.print(f"{mark}{event.text}", markup=False, highlight=False)
                else:
                    self.file.write(f"{mark}{event.text}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def _move(self, event: Progress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self._progress is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(26),
                TextColumn("{task.fields[count]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(compact=True),
            )
            self._progress = Bar(
                *columns, console=Console(file=self.file, highlight=False, emoji=False, markup=False), transient=True
            )
            self._progress.start()
        done, total = event.done, event.total
        count = done_of(done, total, event.unit)
        if self._task is None or event.text != self._text:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._text, self._task = event.text, self._progress.add_task(event.text, total=total, count=count)
        self._progress.update(self._task, completed=done, total=total, count=count)

    def _line(self, event: Progress) -> None:
        now = time.monotonic()
        if event.text == self._text and now - self._written < LINE_SECONDS:
            return
        self._text, self._written = event.text, now
        self.file.write(f"{event.text}: {done_of(event.done, event.total, event.unit)}\n")
        self.file.flush()
