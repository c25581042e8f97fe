"""Print reports of `omnimind health`: a table, a line, a line of JSON, or the watch screen."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime

from omnimind_ops.model.event import Result
from omnimind_ops.model.health import Report
from omnimind_ops.render.health import text as health_text
from omnimind_ops.render.jsonl import json_line

WIDE = 160  # width of a table in a file or a pipe


def as_json(report: Report) -> None:
    """Print one object on one line: an Event of kind result whose data is the whole report."""
    event = Result(health_text.line(report), health_text.data(report))
    _write(json_line(event, datetime.fromtimestamp(report.at).astimezone()))


def as_line(report: Report) -> None:
    """Print one line that begins with the time."""
    _write(f"{datetime.fromtimestamp(report.at).astimezone().isoformat(timespec='seconds')} {health_text.line(report)}")


def as_table(report: Report) -> None:
    """Print the table, as wide as the terminal or WIDE; below it, reasons that were too long for their row."""
    from rich.console import Console

    from omnimind_ops.render.health.table import draw
    from omnimind_ops.render.sheet import Sheet

    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, emoji=False, markup=False)
    sheet = Sheet(console.width, 0, time.monotonic(), ascii=not console.encoding.lower().startswith("utf"))
    lines = draw(report, sheet)
    for line in lines:
        console.print(line)
    shown = "\n".join(line.plain for line in lines)
    for reading in report.services:
        if reading.why and not reading.root and reading.why not in shown:
            console.print(f"{reading.service}: {reading.why}")


def screen(
    check: Callable[[], Report],
    logs: Callable[[str], list[str]],
    restart: Callable[[str], None],
    interval: float,
    is_done: Callable[[Report], bool],
) -> Report | None:
    """Show the watch screen until q or until `is_done`; the last table stays in the scrollback."""
    from rich.console import Console

    from omnimind_ops.render.health.screen import Actions, Screen

    console = Console(highlight=False, emoji=False, markup=False)
    last = Screen(Actions(check, logs, restart), interval).run(console, sys.stdin.fileno(), is_done)
    if last:
        as_table(last)
    return last


def is_screen() -> bool:
    """Return whether keys can be read and a screen drawn."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
