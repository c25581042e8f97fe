"""Single keys of a terminal; the terminal's mode is always restored."""

from __future__ import annotations

import os
import re
import select
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LFLAG, _CC = 3, 6
_NAMES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
}
_KEY = re.compile(r"\x1b[\[O][0-9;?]*[@-~]|.", re.DOTALL)
"""One key: an escape sequence, or one character."""


class Keys:
    """Reads from a terminal in single-key mode."""

    def __init__(self, file: int) -> None:
        self.file = file
        self._buffer = ""

    def next(self, seconds: float) -> str:
        """Return the next key ("q", "up", "down", "escape", "enter" …), "" on a time-out.

        A closed terminal is "q".
        """
        if not self._buffer and not self._read(seconds):
            return "q"
        match = _KEY.match(self._buffer)
        if match is None:
            return ""
        self._buffer = self._buffer[match.end() :]
        return _NAMES.get(match.group(), match.group())

    def _read(self, seconds: float) -> bool:
        readable, _, _ = select.select([self.file], [], [], seconds)
        if not readable:
            return True
        try:
            data = os.read(self.file, 64)
        except OSError:
            return False
        self._buffer = data.decode(errors="replace")
        return bool(data)


@contextmanager
def single_keys(file: int) -> Iterator[Keys]:
    """Read keys without Enter and without echo for a block.

    Ctrl-C still interrupts. Ctrl-Z does nothing, because a stopped program would leave the terminal in this mode.
    SIGTERM and SIGHUP become SystemExit, so that the mode is restored here.
    """
    original = termios.tcgetattr(file)
    changed = termios.tcgetattr(file)
    changed[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
    changed[_CC][termios.VMIN], changed[_CC][termios.VTIME], changed[_CC][termios.VSUSP] = 1, 0, b"\0"
    handlers = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        termios.tcsetattr(file, termios.TCSADRAIN, changed)
        yield Keys(file)
    finally:
        try:
            termios.tcsetattr(file, termios.TCSADRAIN, original)
        except termios.error:
            pass  # the terminal is gone, and with it its mode
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
