"""Print a Problem: what, why, what to do, and the last log lines. To stderr; as JSON to stdout."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from typing import TextIO

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.redact import redact

INDENT = 7
_COLOURS = {"error": "\x1b[1;31m", "why": "\x1b[1m", "fix": "\x1b[1;32m", "log": "\x1b[2m"}


def show(problem: Problem, *, as_json: bool) -> None:
    """Print the Problem to stderr, or as JSON to stdout."""
    if as_json:
        sys.stdout.write(json.dumps(fields(problem), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    sys.stderr.write(text(problem, colour=_supports_colour(sys.stderr), width=width))
    sys.stderr.flush()


def fields(problem: Problem) -> dict[str, JSON]:
    """Return {"kind": "problem", "what", "why", "fix", "code", "log"}."""
    log: list[JSON] = [redact(line) for line in problem.log]
    texts = {name: redact(text) for name, text in (("what", problem.what), ("why", problem.why), ("fix", problem.fix))}
    return {"kind": "problem", **texts, "code": int(problem.code), "log": log}


def text(problem: Problem, *, colour: bool = False, width: int | None = None) -> str:
    """Return the lines `error:`, `why:`, `fix:`, and all log lines.

    With `width`, words wrap with indentation; log lines never wrap.
    """
    parts = {"error": problem.what, "why": problem.why, "fix": problem.fix}
    lines = {
        name: [piece for line in text.splitlines() for piece in _wrap(line, width)] for name, text in parts.items()
    }
    lines["log"] = list(problem.log)
    return redact("".join(_part(name, content, colour) for name, content in lines.items() if content))


def _wrap(line: str, width: int | None) -> list[str]:
    return (
        textwrap.wrap(line, max(width - INDENT, 30), break_long_words=False, break_on_hyphens=False)
        if width
        else [line]
    )


def _part(name: str, lines: list[str], colour: bool) -> str:
    label = f"{name}:".ljust(INDENT)
    heading = f"{_COLOURS[name]}{label}\x1b[0m" if colour else label
    return heading + f"\n{'':{INDENT}}".join(lines) + "\n"


def _supports_colour(file: TextIO) -> bool:
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
