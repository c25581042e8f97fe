"""Events as JSON: the only place where they are written and read back.

The JSON is public (--json, the journal, logs/startup_detailed.log) and is pinned by tests/runner/test_event_json.py. A
field may be added. To rename, retype or remove one, raise VERSION in runner/database.py and keep reading the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from omnimind_ops.model.event import (
    Event,
    EventKind,
    Line,
    Progress,
    Result,
    RunEnded,
    RunStarted,
    StepChanged,
    StepProblem,
    StepState,
    Warning,
)
from omnimind_ops.model.json import JSON
from omnimind_ops.model.status import RunState, Status


def data_of(event: Event) -> dict[str, JSON]:
    """Return the `data` of an event: everything but its kind, step and text. Fields without a value are left out."""
    match event:
        case RunStarted():
            steps: list[JSON] = [_write_step(step, in_journal=bool(event.id)) for step in event.steps]
            run: dict[str, JSON] = {"id": event.id, "name": event.name, "status": event.state, "steps": steps}
            return run | _non_empty(digest=event.digest)
        case RunEnded():
            return {"id": event.id, "name": event.name, "status": event.state}
        case StepChanged():
            times = _non_empty(seconds=_rounded(event.seconds), at=_rounded(event.at))
            rest = _non_empty(phase=event.phase, changed=event.changed, rung=event.rung, reason=event.reason)
            return {"status": event.status, **rest, **times}
        case Progress():
            return {"done": event.done, "total": event.total, "unit": event.unit}
        case Line():
            return {"traceback": list(event.traceback)} if event.traceback else {}
        case Warning():
            return {}
        case StepProblem():
            problem: dict[str, JSON] = {"why": event.why, "fix": event.fix, "log": list(event.log)}
            return problem | _non_empty(what=event.what, code=event.code)
        case Result():
            return dict(event.data)
        case _:
            assert_never(event)


def write(event: Event) -> dict[str, JSON]:
    """Return an event as one JSON object: {"kind", "step", "text", "data"}."""
    return {"kind": event.kind, "step": event.step, "text": event.text, "data": data_of(event)}


def read(kind: str, step: str, text: str, data: Mapping[str, JSON]) -> Event:
    """Return the event from its JSON form. Unknown fields are left out."""
    field: dict[str, Any] = dict(data)
    match EventKind(kind):
        case EventKind.RUN:
            run = text, field["name"], RunState(field["status"])
            if "steps" not in field:
                return RunEnded(*run, field["id"])
            return RunStarted(*run, tuple(map(_read_step, field["steps"])), field["id"], field.get("digest", ""))
        case EventKind.STEP:
            names = ("phase", "seconds", "changed", "at", "rung", "reason")
            return StepChanged(
                step, text, Status(field["status"]), **{name: field[name] for name in names if name in field}
            )
        case EventKind.PROGRESS:
            return Progress(step, text, field["done"], field["total"], field["unit"])
        case EventKind.LINE:
            return Line(step, text, tuple(field.get("traceback", ())))
        case EventKind.WARNING if "why" not in field:
            return Warning(step, text)
        case EventKind.WARNING:
            why, fix, log = field["why"], field["fix"], tuple(field["log"])
            return StepProblem(step, text, why, fix, log, field.get("what", ""), field.get("code"))
        case EventKind.RESULT:
            return Result(text, data)


def _write_step(step: StepState, *, in_journal: bool) -> dict[str, JSON]:
    written: dict[str, JSON] = {"id": step.id, "title": step.title, "phase": step.phase, "status": step.status}
    return {**written, "seconds": step.seconds} if in_journal else written


def _read_step(written: dict[str, Any]) -> StepState:
    status = Status(written["status"])
    return StepState(written["id"], written["title"], written["phase"], status, written.get("seconds"))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _non_empty(**fields: JSON) -> dict[str, JSON]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}
