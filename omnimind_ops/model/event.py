"""Event: the one thing that is shown, logged and streamed; tables, the live view and --json are renderings of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.json import JSON


class EventKind(StrEnum):
    """What an event tells."""

    RUN = "run"  # a run started or ended; data: id, status
    STEP = "step"  # a step changed its status; data: status, seconds
    PROGRESS = "progress"  # data: done, total (None when unknown), unit ("B", "keys", "points", "files")
    LINE = "line"  # one line of detail, e.g. a changed file
    WARNING = "warning"  # a person should read this
    RESULT = "result"  # the final answer of a command; data: the whole of it


@dataclass(frozen=True)
class Event:
    """One thing that happened; `step` is a step's id or "" for the run as a whole."""

    kind: EventKind
    text: str
    step: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)


Tell = Callable[[Event], None]
"""Where events go."""


def progress(step: str, text: str, done: int, total: int | None, unit: str = "B") -> Event:
    """Return the event that moves a progress bar."""
    return Event(EventKind.PROGRESS, text, step, {"done": done, "total": total, "unit": unit})


def line(step: str, text: str) -> Event:
    """Return one line of detail about a step."""
    return Event(EventKind.LINE, text, step)


def warning(text: str, step: str = "") -> Event:
    """Return something a person should read."""
    return Event(EventKind.WARNING, text, step)
