"""The nouns of a start: Task, what is done once; Item, one task or service on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from omnimind_ops.catalogue import Service
from omnimind_ops.managers import Manager
from omnimind_ops.model.problem import Problem

LOG_LINES, LOG_WIDTH = 12, 300


@dataclass(frozen=True)
class Task:
    """Something that is done once, in a thread of its own; returns whether it changed anything."""

    name: str
    title: str
    act: Callable[[], bool]
    after: tuple[str, ...] = ()


@dataclass
class Item:
    """One task or service on its way."""

    name: str
    title: str
    after: tuple[str, ...]
    service: Service | None = None
    act: Callable[[], bool] | None = None
    phase: str = "services"
    began: float | None = None  # monotonic
    ready: float | None = None
    changed: bool = False
    good: int = 0
    restarts: dict[str, int] = field(default_factory=dict)  # as counted when it was begun
    said: str = ""  # by the last probe
    problem: Problem | None = None
    thread: threading.Thread | None = None
    error: BaseException | None = None

    @property
    def processes(self) -> tuple[str, ...]:
        """The manager's names."""
        return self.service.processes if self.service else ()

    @property
    def is_over(self) -> bool:
        """Tell whether it is ready or has failed."""
        return self.ready is not None or self.problem is not None


def last_words(manager: Manager, process: str) -> tuple[str, ...]:
    """Return the last lines of a process' own log, cut to a width; none when it has none."""
    try:
        return tuple(text[:LOG_WIDTH] for text in manager.logs(process, LOG_LINES))
    except Problem:
        return ()
