"""Output for people and machines. Start with choose(), which selects the view of a run.

The folders run, bench and health each have an output.py that prints the results of commands. stdout carries the result
(`--json`: only JSON, one object per line), stderr everything else. Only this package and cli import rich.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omnimind_ops.render.show import Show

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Show", "choose"]


def choose(json: bool, console: Console | None = None) -> Show:
    """Return the view of a run: JSON lines on stdout, a live view on a terminal, else plain lines on stderr.

    `console` (tests) replaces stderr; the live view is chosen when it is interactive.
    """
    if json:
        from omnimind_ops.render.jsonl import JsonLines

        return JsonLines(sys.stdout)
    if console.is_interactive if console else _is_screen():
        from omnimind_ops.render.run.live import Live

        return Live(console)
    from omnimind_ops.render.run.lines import Lines

    return Lines(console.file if console else sys.stderr)


def _is_screen() -> bool:
    import os

    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
