"""Plans written as text. `a:do b:do-error c@cutover:do` is three steps; each handler call is noted as `a:do`,
`b:do-error`, `a:undo`.

Endings: `do-error` and `undo-error` raise a Problem, `do-bug` and `undo-bug` something unknown, `do-int` and `do-term`
get that signal while they do, `do-int-loop` shows progress afterwards. `=kept` and `=no` say how far a step can be
undone.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, progress
from omnimind_ops.model.payloads import Payload
from omnimind_ops.model.plan import Change, Plan, Preview, Step, Task, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo

UNDO = {"": Undo.YES, "kept": Undo.KEPT, "no": Undo.NO}
SIGNALS = {"int": signal.SIGINT, "term": signal.SIGTERM, "hup": signal.SIGHUP}


@dataclass(frozen=True)
class ScriptPayload(Payload):
    """How doing and undoing end."""

    kind = "script"
    do: str | None = None
    undo: str | None = None


@dataclass(frozen=True)
class ScriptNotes:
    """The process that did it."""

    done_by: int | None = None


def plan(text: str) -> Plan:
    """Return the plan that text describes; what a step does is its payload."""
    return Plan("test", tuple(_steps(text)))


def _steps(text: str) -> list[Step]:
    steps: dict[str, Step] = {}
    for word in text.split():
        name, _, act = word.partition(":")
        name, _, undo = name.partition("=")
        name, _, phase = name.partition("@")
        verb, _, ending = act.partition("-")
        earlier = steps.get(name, Step.of(name, ScriptPayload(), f"step {name}", UNDO[undo], phase or "install"))
        steps[name] = replace(earlier, args={**earlier.args, verb: ending})
    return list(steps.values())


@dataclass
class Script:
    """A handler that does what a step's args say and notes each call."""

    payload: ClassVar = ScriptPayload
    notes: ClassVar = ScriptNotes
    calls: list[str] = field(default_factory=list)
    healed: bool = False

    def preview(self, step: Task[ScriptPayload]) -> Preview:
        """Say maybe."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[ScriptPayload], memo: Memo[ScriptNotes], tell: Tell) -> bool:
        """Do as told."""
        memo.write(ScriptNotes(os.getpid()))
        tell(line(step.id, f"at work on {step.id}"))
        self._act(step, "do", tell)
        return True

    def undo(self, step: Task[ScriptPayload], memo: Memo[ScriptNotes], tell: Tell) -> None:
        """Undo as told."""
        assert memo.read().done_by is not None
        self._act(step, "undo", tell)

    def _act(self, step: Task[ScriptPayload], verb: str, tell: Tell) -> None:
        ending = "" if self.healed else str(getattr(step.payload, verb) or "")
        self.calls.append(f"{step.id}:{verb}" + (f"-{ending}" if ending else ""))
        kind, _, loop = ending.partition("-")
        if kind in SIGNALS:
            os.kill(os.getpid(), SIGNALS[kind])
        if loop:
            tell(progress(step.id, "copying", 1, 2))
            self.calls.append(f"{step.id}:never")
        if kind == "error":
            raise Problem(f"cannot {verb} {step.id}", "it is told so", f"mend {step.id}", log=(f"{step.id} says no",))
        if kind == "bug":
            raise ZeroDivisionError(f"in {step.id}")
