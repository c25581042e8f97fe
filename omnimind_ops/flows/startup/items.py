"""The nouns of a start: Task, a one-off action; Item, a task or service in progress."""

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
    """A one-off action that runs in its own thread; `act` returns whether it changed anything."""

    name: str
    title: str
    act: Callable[[], bool]
    after: tuple[str, ...] = ()


@dataclass
class Item:
    """One task or service in progress."""

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
    why: str = ""  # it is not ready, by its last probe
    problem: Problem | None = None  # why it failed
    thread: threading.Thread | None = None
    task_problem: Problem | None = None  # raised in its thread
    error: BaseException | None = None  # an unexpected one, raised in its thread

    @property
    def processes(self) -> tuple[str, ...]:
        """Return the manager's names of the processes."""
        return self.service.processes if self.service else ()

    @property
    def progress(self) -> str:
        """Return ready, starting or not started."""
        return "ready" if self.ready is not None else "starting" if self.began is not None else "not started"

    @property
    def is_over(self) -> bool:
        """Return whether the item is ready or has failed."""
        return self.ready is not None or self.problem is not None


def log_tail(manager: Manager, process: str) -> tuple[str, ...]:
    """Return the last lines of a process's own log, cut to LOG_WIDTH; none when it has no log."""
    try:
        return tuple(entry[:LOG_WIDTH] for entry in manager.logs(process, LOG_LINES))
    except Problem:
        return ()
