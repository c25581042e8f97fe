"""What a person or a machine sees. Start with choose(): who watches a run at work. One folder each for what is shown
of run, bench and health: output.py there prints what a command answers.

stdout carries the answer (`--json`: only JSON, one object a line), stderr everything else. Only here and in cli is rich
imported.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omnimind_ops.render.show import Show

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Show", "choose"]


def choose(json: bool, console: Console | None = None) -> Show:
    """Return who shows a run at work: JSON lines on stdout, a live view on a terminal, else plain lines on stderr.

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
