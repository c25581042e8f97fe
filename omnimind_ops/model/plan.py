"""Step, Plan and Preview: what will be done, in order, and whether it can be undone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.json import JSON


class Undo(StrEnum):
    """How far a step can be taken back."""

    YES = "reversible"
    UNTIL_FINISH = "reversible until finish"
    KEPT = "kept, harmless"  # undo leaves it in place on purpose (an installed package that nothing starts)
    NO = "not reversible"


@dataclass(frozen=True)
class Step:
    """One undoable unit of work. `kind` picks the handler, `args` are plain JSON (no secrets) and part of the plan's digest."""

    id: str
    kind: str
    title: str
    args: Mapping[str, JSON] = field(default_factory=dict)
    undo: Undo = Undo.YES
    phase: str = "install"  # install, warm, cutover, verify, confirm


@dataclass(frozen=True)
class Plan:
    """Ordered steps. Two plans with one digest do the same."""

    name: str
    steps: tuple[Step, ...]

    @property
    def digest(self) -> str:
        """Return 12 hex digits that change when any step changes."""
        words = [[s.id, s.kind, dict(s.args)] for s in self.steps]
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:12]


class Change(StrEnum):
    """What a preview says a step would do."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"  # its input does not exist yet


@dataclass(frozen=True)
class Preview:
    """What a step would do from here; `lines` are details such as file diffs."""

    step: str
    change: Change
    lines: tuple[str, ...] = ()
