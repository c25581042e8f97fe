"""Step, Task, Plan and Preview: what will be done, in order, and whether it can be undone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from omnimind_ops.model import codec
from omnimind_ops.model.json import JSON

if TYPE_CHECKING:
    from omnimind_ops.model.payloads import Payload  # `omnimind --help` does not need it

P = TypeVar("P", bound="Payload")


class Undo(StrEnum):
    """How far a step can be undone."""

    YES = "reversible"
    UNTIL_FINISH = "reversible until finish"
    KEPT = "kept, harmless"  # undo leaves it in place on purpose (an installed package that nothing starts)
    NO = "not reversible"


@dataclass(frozen=True)
class Step:
    """One undoable unit of work, as in the journal. `kind` selects the handler, `args` is its payload as JSON."""

    id: str
    kind: str
    title: str
    args: Mapping[str, JSON] = field(default_factory=dict)
    undo: Undo = Undo.YES
    phase: str = "install"  # install, warm, cutover, verify, confirm; carry

    @classmethod
    def of(cls, id: str, payload: Payload, title: str, undo: Undo = Undo.YES, phase: str = "install") -> Self:
        """Return the step with that payload."""
        return cls(id, payload.kind, title, codec.write(payload), undo, phase)

    def payload(self, kind: type[P]) -> P:
        """Return the payload; raise Problem when the journal has another kind."""
        return codec.read(kind, self.args, f"step {self.id} of kind {self.kind}")


@dataclass(frozen=True)
class Task(Generic[P]):
    """A step as its handler gets it."""

    id: str
    payload: P

    @classmethod
    def of(cls, step: Step, kind: type[P]) -> Task[P]:
        """Return the task of a step with a payload of that kind."""
        return cls(step.id, step.payload(kind))


@dataclass(frozen=True)
class Plan:
    """Ordered steps. Two plans with one digest do the same."""

    name: str
    steps: tuple[Step, ...]

    @property
    def digest(self) -> str:
        """Return 12 hex digits that change when any step changes."""
        content = [[s.id, s.kind, dict(s.args)] for s in self.steps]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


class Change(StrEnum):
    """What a preview says a step would do."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"  # its input does not exist yet


@dataclass(frozen=True)
class Preview:
    """What a step would do now; `lines` are details such as file diffs."""

    step: str
    change: Change
    lines: tuple[str, ...] = ()
