"""Run: a plan being applied; Memo: what a step must remember to be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from omnimind_ops.model.event import Tell
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Preview, Step
from omnimind_ops.model.status import RunState, Status


@dataclass(frozen=True)
class StepRecord:
    """A step as the journal knows it; times are UTC ISO 8601, seconds is wall time."""

    step: Step
    status: Status
    started: str | None = None
    seconds: float | None = None
    memo: Mapping[str, JSON] | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Run:
    """A plan being applied; `setup` is what it was started with, so that a resume with other arguments is refused."""

    id: str
    plan: Plan
    state: RunState
    setup: Mapping[str, JSON]
    started: str
    ended: str | None
    steps: tuple[StepRecord, ...]


class Memo(Protocol):
    """A step's durable notes: written through to the journal at once, read by its own redo and undo, and by later steps."""

    def get(self, key: str) -> JSON: ...  # None when never put
    def put(self, key: str, value: JSON) -> None: ...  # durable when it returns
    def of(self, step: str, key: str) -> JSON: ...  # another step's note, None when absent


class Handler(Protocol):
    """What knows how to preview, do and undo one kind of step.

    preview is read-only. do is idempotent (a step found DOING is done again) and notes what undo needs *before* it acts.
    undo is idempotent too and works on a half-done step. All three raise Problem.
    """

    def preview(self, step: Step) -> Preview: ...
    def do(self, step: Step, memo: Memo, tell: Tell) -> bool: ...  # True when something changed
    def undo(self, step: Step, memo: Memo, tell: Tell) -> None: ...
