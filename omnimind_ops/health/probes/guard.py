"""Probe of the guard: the age of the file that it writes after each check."""

from __future__ import annotations

from pathlib import Path

from omnimind_ops.model.health import Outcome


def probe(file: Path, now: float, patience: float, *, watches: bool) -> Outcome:
    """Return the outcome from the time of the guard's last write; `now` is unix time."""
    try:
        age = now - file.stat().st_mtime
    except OSError:
        return Outcome(False, why="it has not run a check yet", starting=True)
    if age > patience:
        return Outcome(False, why=f"its last check was {age:.0f} s ago", silent=True)
    return Outcome(True, True, "restarts what fails" if watches else "only observes (auto_recovery is off)")
