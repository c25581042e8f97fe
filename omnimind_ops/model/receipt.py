"""What a receipt says of a run: plan, counts and digests of both sides, downtime, until when there is a way back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from omnimind_ops import __version__
from omnimind_ops.model.json import JSON
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState

UNTIL = {
    RunState.UNCONFIRMED: "until confirmed, and after that until `omnimind finish`",
    RunState.CONFIRMED: "until `omnimind finish`",
    RunState.ROLLED_BACK: "done",
}


def receipt(run: Run, bench: Mapping[str, JSON] | None = None) -> dict[str, JSON]:
    """Return what happened, as data; `digest` is over all the rest. `bench`: documents of `omnimind bench`, before and after."""
    memos = {record.step.id: dict(record.memo or {}) for record in run.steps}
    body: dict[str, JSON] = {
        "omnimind": __version__,
        "run": run.id,
        "state": str(run.state),
        "started": run.started,
        "ended": run.ended,
        "plan": {"digest": run.plan.digest, "steps": [_step(record) for record in run.steps]},
        "setup": dict(run.setup),
        "verified": memos.get("verify", {}),
        "backup": _backup(run),
        "downtime_s": downtime(memos),
        "bench": dict(bench or {}),
        "rollback": UNTIL.get(run.state, "not possible" if run.state is RunState.FINISHED else "possible"),
    }
    body["digest"] = digest(body)
    return body


def downtime(memos: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    """Return seconds per service from the stop of its container to the first good native answer."""
    answered = memos.get("prove", {}).get("answered")
    if not isinstance(answered, Mapping):
        return {}
    writers, data = memos.get("stop-writers", {}).get("stopped_at"), memos.get("stop-data", {}).get("stopped_at")
    started = {"redis": data, "qdrant": data}
    return {
        name: round(float(str(at)) - float(str(begin)), 3)
        for name, at in answered.items()
        if (begin := started.get(name, writers)) is not None and name not in ("postgresql", "engine")
    }


def digest(body: Mapping[str, JSON]) -> str:
    """Return the SHA-256 over a receipt's members; its own digest is not one of them."""
    rest = {name: value for name, value in body.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _backup(run: Run) -> JSON:
    """Return which backup of Qdrant was restored, what covers it, and who read it besides us; None without one."""
    record = next((record for record in run.steps if record.step.kind == "prove-backup"), None)
    if record is None:
        return None
    memo = record.memo or {}
    names = {"checksum": "checksum", "second_reader": "second reader"}
    return {"path": record.step.args.get("backup"), **{name: memo.get(key) for name, key in names.items()}}


def _step(record: StepRecord) -> dict[str, JSON]:
    return {
        "id": record.step.id,
        "title": record.step.title,
        "phase": record.step.phase,
        "undo": str(record.step.undo),
        "status": str(record.status),
        "seconds": record.seconds,
    }
