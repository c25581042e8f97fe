"""Supervisor's logs on a full disk: what cannot be written is dropped.

Supervisor itself ends when it cannot write a log, and everything it runs with it.
"""

from __future__ import annotations

import contextlib
from typing import Any

from supervisor import loggers  # type: ignore[import-untyped]


def tolerate_a_full_disk() -> None:
    """Let no error of a log reach supervisor's main loop."""
    roll_over = loggers.RotatingFileHandler.doRollover

    def safely(handler: Any) -> None:
        try:
            roll_over(handler)
        except OSError:
            with contextlib.suppress(OSError):
                handler.reopen()

    loggers.RotatingFileHandler.doRollover = safely
    loggers.Handler.handleError = lambda _: None  # its own prints a traceback, to a file on the same disk
