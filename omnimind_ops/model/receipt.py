"""Content of a receipt: plan, counts and digests of both sides, downtime, and how long a rollback is possible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omnimind_ops import __version__
from omnimind_ops.model import codec
from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import (
    ContainersNotes,
    OpenRedisNotes,
    ProveBackupNotes,
    ProveNotes,
    ProveRedisBackupNotes,
    RedisNotes,
    Sides,
    VerifyNotes,
)
from omnimind_ops.model.payloads import ProveBackupPayload, ProveRedisBackupPayload
from omnimind_ops.model.planned import planned
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status

UNTIL = {
    RunState.UNCONFIRMED: "until confirmed, and after that until `omnimind finish`",
    RunState.CONFIRMED: "until `omnimind finish`",
    RunState.ROLLED_BACK: "done",
}

_BACK = (RunState.ROLLING_BACK, RunState.ROLLED_BACK, RunState.FAILED)


@dataclass(frozen=True)
class ReceiptStep:
    """A step of the run."""

    id: str
    title: str
    phase: str
    undo: str
    status: Status
    seconds: float | None


@dataclass(frozen=True)
class ReceiptPlan:
    """The plan of the run."""

    digest: str
    steps: tuple[ReceiptStep, ...]


@dataclass(frozen=True)
class ReceiptBackup:
    """The Qdrant backup that was restored; `checksum` is None when the run ended before it was read."""

    path: str
    checksum: Checksum | None = None
    second_reader: str | None = None


@dataclass(frozen=True)
class ReceiptRedisBackup:
    """The Redis backup that was restored; the texts are empty when the run ended before it was read."""

    path: str
    description: str = ""
    coverage: str = ""


@dataclass(frozen=True)
class Receipt:
    """A receipt that was read. `verified` is by store, `downtime_s` by service, `bench` has before and after.

    `set_aside` is folder → what is in it: native data from before, or what came since the cutover.
    """

    omnimind: str
    run: str
    state: RunState
    started: str
    ended: str | None
    plan: ReceiptPlan
    downtime_s: Mapping[str, float]
    verified: Mapping[str, Sides]
    rollback: str
    digest: str
    setup: Mapping[str, Any] = field(default_factory=dict)
    backup: ReceiptBackup | None = None
    redis_backup: ReceiptRedisBackup | None = None
    bench: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    planned: str | None = None  # for when the cutover is, or was, planned
    set_aside: Mapping[str, str] = field(default_factory=dict)
    since: tuple[Mapping[str, Any], ...] = ()  # of a rollback: what came after the cutover
    carried: Mapping[str, Any] = field(default_factory=dict)  # of a rollback: what was carried back, and how


def parse(body: Mapping[str, JSON]) -> Receipt:
    """Return the receipt from its JSON; raise Problem if it cannot be read."""
    return codec.read(Receipt, body, f"receipt of run {body.get('run')}", source="the receipt")


def receipt(
    run: Run,
    bench: Mapping[str, JSON] | None = None,
    set_aside: Mapping[str, str] | None = None,
    since: JSON = None,
    carried: JSON = None,
) -> dict[str, JSON]:
    """Return what happened, as data; `digest` covers all the other members.

    `bench`: documents of `omnimind bench`, before and after. `since`, `carried`: what came after the cutover, and what
    of it a rollback took along.
    """
    verify, at = run.record("verify"), planned(run)
    body: dict[str, JSON] = {
        "omnimind": __version__,
        "run": run.id,
        "state": str(run.state),
        "started": run.started,
        "ended": run.ended,
        "plan": {"digest": run.plan.digest, "steps": [_step(record) for record in run.steps]},
        "setup": dict(run.setup),
        "verified": codec.write(verify.notes(VerifyNotes)) if verify else {},
        "backup": _backup(run),
        "redis_backup": _redis_backup(run),
        "downtime_s": dict(downtime(run)),
        "bench": dict(bench or {}),
        "planned": at.isoformat(timespec="seconds") if at else None,
        "set_aside": dict(set_aside or {}),
        **({"since": since} if since and run.state in _BACK else {}),
        **({"carried": carried} if carried and run.state in _BACK else {}),
        "rollback": UNTIL.get(run.state, "not possible" if run.state is RunState.FINISHED else "possible"),
    }
    body["digest"] = digest(body)
    return body


def downtime(run: Run) -> dict[str, float]:
    """Return seconds per service from the stop of its container to the first good native answer."""
    prove = run.record("prove")
    answered = prove.notes(ProveNotes).answered if prove else None
    writers, data = _stopped(run, "stop-writers"), _stopped(run, "stop-data")
    stopped = {"redis": data, "qdrant": data}
    if answered and (opened := run.record("open-redis")):
        take = run.record("take-redis")
        held = take.notes(RedisNotes).held_at if take else None
        stopped["redis"] = held or _stopped(run, "stop-redis")
        answered = {**answered, **_opened(opened.notes(OpenRedisNotes))}
    return {
        name: round(at - begin, 3)
        for name, at in (answered or {}).items()
        if (begin := stopped.get(name, writers)) is not None and name not in ("postgresql", "engine")
    }


def _opened(notes: OpenRedisNotes) -> dict[str, float]:
    """Return when a Redis that had its data before first answered on its port."""
    return {"redis": notes.answered_at} if notes.answered_at else {}


def _stopped(run: Run, step: str) -> float | None:
    record = run.record(step)
    return record.notes(ContainersNotes).stopped_at if record else None


def digest(body: Mapping[str, JSON]) -> str:
    """Return the SHA-256 over a receipt's members except its digest."""
    rest = {name: value for name, value in body.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _backup(run: Run) -> JSON:
    """Return which Qdrant backup was restored, what covers it, and which second reader read it; None without one."""
    record = next((record for record in run.steps if record.step.kind == ProveBackupPayload.kind), None)
    if record is None:
        return None
    noted, path = record.notes(ProveBackupNotes), record.step.payload(ProveBackupPayload).backup
    return {"path": path, "checksum": noted.checksum, "second_reader": noted.second_reader}


def _redis_backup(run: Run) -> JSON:
    """Return which Redis backup was restored, what it held, and what covers it; None without one."""
    record = next((record for record in run.steps if record.step.kind == ProveRedisBackupPayload.kind), None)
    if record is None:
        return None
    noted, path = record.notes(ProveRedisBackupNotes), record.step.payload(ProveRedisBackupPayload).backup
    return {"path": path, "description": noted.description or "", "coverage": noted.coverage or ""}


def _step(record: StepRecord) -> dict[str, JSON]:
    return {
        "id": record.step.id,
        "title": record.step.title,
        "phase": record.step.phase,
        "undo": str(record.step.undo),
        "status": str(record.status),
        "seconds": record.seconds,
    }
