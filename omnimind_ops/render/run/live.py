"""The live view of a run on a terminal; when it ends, a table of all steps stays in the scrollback."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live as Screen

from omnimind_ops.model.event import Event, Line, StepProblem, Warning
from omnimind_ops.model.json import JSON
from omnimind_ops.render.run.board import Board
from omnimind_ops.render.run.drawing import final, live
from omnimind_ops.render.sheet import Sheet

REFRESH_PER_SECOND = 8


class Live:
    """Draws a Board eight times a second; nothing is drawn before the first event of a run."""

    def __init__(self, console: Console | None = None, *, now: Callable[[], float] = time.monotonic) -> None:
        self.console = console or Console(stderr=True, highlight=False, emoji=False, markup=False)
        self.now = now
        self.board = Board(now)
        self._lock = threading.Lock()
        self._screen: Screen | None = None

    def tell(self, event: Event) -> None:
        """Take an event; it shows with the next refresh."""
        with self._lock:
            self.board.update(event)
            has_steps = bool(self.board.rows)
        if has_steps and self._screen is None:
            self._start()
        elif not has_steps and isinstance(event, Line | Warning | StepProblem):
            self.console.print(event.text, style=None if isinstance(event, Line) else "yellow")

    def result(self, text: str, _data: Mapping[str, JSON], /) -> None:
        """End the view and write the result to stdout."""
        self._stop()
        sys.stdout.write(text + "\n")

    def draw(self) -> Group:
        """Return the current view."""
        with self._lock:
            return Group(*live(self.board, self._sheet()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        self._screen = Screen(
            get_renderable=self.draw,
            console=self.console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
            redirect_stdout=False,  # stdout may be a pipe that carries the result
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._screen.start()

    def _stop(self) -> None:
        if self._screen is None:
            return
        screen, self._screen = self._screen, None
        screen.stop()
        with self._lock:
            self.console.print(Group(*final(self.board, self._sheet())))

    def _sheet(self) -> Sheet:
        width, height = self.console.size
        return Sheet(width, height, self.now(), ascii=not self.console.encoding.lower().startswith("utf"))
