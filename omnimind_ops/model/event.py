"""Events: everything that is shown, logged and streamed. Tables, the live view and --json are renderings of them.

One dataclass for each kind of occurrence. event_json.py writes them as JSON and reads them back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState, Status


class EventKind(StrEnum):
    """The `kind` of an event in its JSON form."""

    RUN = "run"
    STEP = "step"
    PROGRESS = "progress"
    LINE = "line"
    WARNING = "warning"
    RESULT = "result"


@dataclass(frozen=True)
class StepState:
    """A step as its run starts; `seconds` is its duration in an earlier process."""

    id: str
    title: str
    phase: str
    status: Status = Status.TODO
    seconds: float | None = None


@dataclass(frozen=True)
class RunStarted:
    """A run starts to work or to roll back. It names every step, so that a view can draw them before they start.

    `id` and `digest` (of the plan) are "" for a command that shows steps and has no run in the journal: up, down,
    restart, wheelhouse.
    """

    kind: ClassVar = EventKind.RUN
    step: ClassVar[str] = ""
    text: str
    name: str
    state: RunState
    steps: tuple[StepState, ...]
    id: str = ""
    digest: str = ""


@dataclass(frozen=True)
class RunEnded:
    """A run stopped; `state` says how far it got."""

    kind: ClassVar = EventKind.RUN
    step: ClassVar[str] = ""
    text: str
    name: str
    state: RunState
    id: str = ""


@dataclass(frozen=True)
class StepChanged:
    """A step changed its status. `seconds` is None when it starts; `changed` is False when there was nothing to do."""

    kind: ClassVar = EventKind.STEP
    step: str
    text: str
    status: Status
    phase: str = ""
    seconds: float | None = None
    changed: bool | None = None
    at: float | None = None  # seconds since `omnimind up` began
    rung: str = ""  # of a recovery: what is restarted
    reason: str = ""  # of a recovery


@dataclass(frozen=True)
class Progress:
    """Progress of a step. `total` is None when unknown; `unit` is "B", "keys", "points" or "files"."""

    kind: ClassVar = EventKind.PROGRESS
    step: str
    text: str
    done: int
    total: int | None
    unit: str = "B"


@dataclass(frozen=True)
class Line:
    """One line of detail; `traceback` is that of an unexpected error."""

    kind: ClassVar = EventKind.LINE
    step: str
    text: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True)
class Warning:
    """A message that the user should read."""

    kind: ClassVar = EventKind.WARNING
    step: str
    text: str


@dataclass(frozen=True)
class StepProblem:
    """Why a step failed. `omnimind up` leaves `what` and `code` out ("" and None)."""

    kind: ClassVar = EventKind.WARNING
    step: str
    text: str
    why: str
    fix: str
    log: tuple[str, ...] = ()
    what: str = ""
    code: int | None = None


@dataclass(frozen=True)
class Result:
    """The result of a command; `data` is all of it."""

    kind: ClassVar = EventKind.RESULT
    step: ClassVar[str] = ""
    text: str
    data: Mapping[str, JSON]


Event = RunStarted | RunEnded | StepChanged | Progress | Line | Warning | StepProblem | Result
"""Anything that happened; `step` is a step's ID, or "" for the run as a whole."""
Tell = Callable[[Event], None]
"""A listener for events."""


def progress(step: str, text: str, done: int, total: int | None, unit: str = "B") -> Progress:
    """Return the event that moves a progress bar."""
    return Progress(step, text, done, total, unit)


def line(step: str, text: str) -> Line:
    """Return one line of detail about a step."""
    return Line(step, text)


def warning(text: str, step: str = "") -> Warning:
    """Return a warning for the user."""
    return Warning(step, text)


def failed(step: str, problem: Problem) -> StepProblem:
    """Return the event that says why a step failed."""
    return StepProblem(step, str(problem), problem.why, problem.fix, problem.log, problem.what, int(problem.code))
