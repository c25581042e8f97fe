"""Run: a plan being applied; Memo: what a step must remember to be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from omnimind_ops.model import codec
from omnimind_ops.model.event import Tell
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Preview, Step, Task
from omnimind_ops.model.status import RunState, Status

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from omnimind_ops.model.payloads import Payload

P = TypeVar("P", bound="Payload")
N = TypeVar("N", bound="DataclassInstance")
M = TypeVar("M", bound="DataclassInstance")


@dataclass(frozen=True)
class StepRecord:
    """A step as stored in the journal; times are UTC ISO 8601, `seconds` is wall time."""

    step: Step
    status: Status
    started: str | None = None
    seconds: float | None = None
    memo: Mapping[str, JSON] | None = None
    problem: str | None = None

    def notes(self, kind: type[N]) -> N:
        """Return the step's notes; raise Problem when they are of another kind."""
        return read_notes(kind, self.memo or {}, self.step.id)


@dataclass(frozen=True)
class Run:
    """A plan being applied; `setup` holds its inputs, so that a resume with other arguments is refused."""

    id: str
    plan: Plan
    state: RunState
    setup: Mapping[str, JSON]
    started: str
    ended: str | None
    steps: tuple[StepRecord, ...]

    def record(self, step: str) -> StepRecord | None:
        """Return the record of a step, None if the plan has no such step."""
        return next((record for record in self.steps if record.step.id == step), None)


class Notes(Protocol):
    """Storage of a run's notes: JSON under keys, for each step."""

    def load(self, step: str) -> Mapping[str, JSON]: ...  # empty when it noted nothing
    def save(self, step: str, notes: Mapping[str, JSON]) -> None: ...  # durable when it returns; other keys stay


@dataclass(frozen=True)
class MemoryNotes:
    """Notes of steps that will not be undone (model.run.Notes)."""

    values: dict[str, dict[str, JSON]] = field(default_factory=dict)

    def load(self, step: str) -> Mapping[str, JSON]:
        """Return a step's notes."""
        return self.values.get(step, {})

    def save(self, step: str, notes: Mapping[str, JSON]) -> None:
        """Store the notes in memory."""
        self.values.setdefault(step, {}).update(notes)


@dataclass(frozen=True)
class Memo(Generic[N]):
    """A step's durable notes: written to the journal at once, read by its own redo and undo, and by later steps."""

    notes: Notes
    step: str
    kind: type[N]

    def read(self) -> N:
        """Return the notes so far."""
        return self.of(self.step, self.kind)

    def write(self, notes: N) -> None:
        """Store the notes, durably when this returns; fields that are None keep their stored value."""
        self.notes.save(self.step, codec.write(notes))

    def of(self, step: str, kind: type[M]) -> M:
        """Return another step's notes."""
        return read_notes(kind, self.notes.load(step), step)


def read_notes(kind: type[N], notes: Mapping[str, JSON], step: str) -> N:
    """Return a step's notes from their JSON in the journal."""
    return codec.read(kind, notes, f"{kind.__name__} of step {step}")


class Handler(Protocol[P, N]):
    """Previews, does and undoes one kind of step.

    preview is read-only. do is idempotent (a step found DOING is done again) and notes what undo needs *before* it
    acts. undo is idempotent too and works on a half-done step. All three raise Problem.
    """

    @property
    def payload(self) -> type[P]: ...
    @property
    def notes(self) -> type[N]: ...
    def preview(self, step: Task[P]) -> Preview: ...
    def do(self, step: Task[P], memo: Memo[N], tell: Tell) -> bool: ...  # True when something changed
    def undo(self, step: Task[P], memo: Memo[N], tell: Tell) -> None: ...
