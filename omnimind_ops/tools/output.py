"""Output of a failed tool: all of it, and the one line that states the error. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LINES = 200
"""Lines stored of one failure: far more than any error, less than the whole output of an installation."""
_UV = re.compile(r"\s*(error|cause): (.+)")
_ERRORS = tuple(
    re.compile(pattern)
    for pattern in (
        r"dpkg: error (processing|while)",
        r"[EW]: Failed to fetch",
        r"E: (?!Sub-process|Some index files|Unable to fetch some)",
        r".*Error response from daemon: ",
        r".*\bCannot connect to the Docker daemon\b",
        r".*\b(FATAL|PANIC|ERROR): ",
        r"\w[\w.-]*: error: ",
    )
)
"""Lines of apt, dpkg, docker, psql and argparse that state the error, the most informative first.

Other lines may follow them.
"""
_HINT = re.compile(r"\s*(see|run|try|hint:|detail:|line \d+:|\^|usage:|\[notice\])", re.IGNORECASE)
_TRACEBACK = "Traceback (most recent call last):"


def main_line(lines: Sequence[str]) -> str:
    """Return the line that states the error, "" for no output."""
    texts = [line.rstrip() for line in lines if line.strip()]
    return (_of_uv(texts) or _of_python(texts) or _of_tool(texts) or _last_statement(texts)) if texts else ""


def last_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines unchanged; if there are more than MAX_LINES, the last ones and how many were omitted."""
    texts = tuple(line.rstrip() for line in lines)
    omitted = len(texts) - MAX_LINES
    return (f"({omitted} earlier lines omitted)", *texts[-MAX_LINES:]) if omitted > 0 else texts


def _of_uv(lines: Sequence[str]) -> str:
    """Return uv's last error by its first and its last cause: the subject and the obstacle."""
    texts: list[str] = []
    for line in lines:
        if line.startswith("hint: ") and "could not be queried" in line:  # what is missing is missing because of this
            return line.removeprefix("hint: ")
        if match := _UV.fullmatch(line):
            texts = [match[2]] if match[1] == "error" else [*texts, match[2]]
    causes = texts[1:]
    return ": ".join(dict.fromkeys((causes[0], causes[-1]))) if causes else "".join(texts)


def _of_python(lines: Sequence[str]) -> str:
    """Return the exception that ends the last traceback."""
    if _TRACEBACK not in (line.strip() for line in lines):
        return ""
    start = max(number for number, line in enumerate(lines) if line.strip() == _TRACEBACK)
    return next((line for line in lines[start + 1 :] if not line.startswith(" ")), "")


def _of_tool(lines: Sequence[str]) -> str:
    for pattern in _ERRORS:
        for number, line in enumerate(lines):
            if pattern.match(line):
                more = lines[number + 1].strip() if line.endswith(":") and number + 1 < len(lines) else ""
                return f"{line} {more}".strip()
    return ""


def _last_statement(lines: Sequence[str]) -> str:
    """Return the last line that is more than a hint."""
    return next((line for line in reversed(lines) if not _HINT.match(line)), lines[-1]).strip()
