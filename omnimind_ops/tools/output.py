"""Output of a failed tool: all of it, and the one line that states the error. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST = 200
"""Lines stored of one failure: far more than any error, less than the whole output of an installation."""
_UV = re.compile(r"\s*(error|cause): (.+)")
_TELLING = tuple(
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
    said = [line.rstrip() for line in lines if line.strip()]
    if not said:
        return ""
    return _of_uv(said) or _of_python(said) or _telling(said) or _last(said)


def kept(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines unchanged; if there are more than MOST, the last ones and how many are left out."""
    said = [line.rstrip() for line in lines]
    return tuple(said) if len(said) <= MOST else (f"({len(said) - MOST} lines before these)", *said[-MOST:])


def _of_uv(said: Sequence[str]) -> str:
    """Return uv's last error by its first and its last cause: the subject and the obstacle."""
    texts: list[str] = []
    for line in said:
        if line.startswith("hint: ") and "could not be queried" in line:  # what is missing is missing because of this
            return line.removeprefix("hint: ")
        if found := _UV.fullmatch(line):
            texts = [found[2]] if found[1] == "error" else [*texts, found[2]]
    causes = texts[1:]
    return ": ".join(dict.fromkeys((causes[0], causes[-1]))) if causes else "".join(texts)


def _of_python(said: Sequence[str]) -> str:
    """Return the exception that ends the last traceback."""
    if _TRACEBACK not in (line.strip() for line in said):
        return ""
    start = max(number for number, line in enumerate(said) if line.strip() == _TRACEBACK)
    return next((line for line in said[start + 1 :] if not line.startswith(" ")), "")


def _telling(said: Sequence[str]) -> str:
    for pattern in _TELLING:
        for number, line in enumerate(said):
            if pattern.match(line):
                more = said[number + 1].strip() if line.endswith(":") and number + 1 < len(said) else ""
                return f"{line} {more}".strip()
    return ""


def _last(said: Sequence[str]) -> str:
    """Return the last line that is more than a hint."""
    return next((line for line in reversed(said) if not _HINT.match(line)), said[-1]).strip()
