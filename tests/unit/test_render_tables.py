"""What commands answer, as a person and as a machine reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Plan, Preview, Step, Undo
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.check import Check, State
from omnimind_ops.planning.report import Row
from omnimind_ops.render.run import output

PLAN = Plan(
    "migrate",
    (
        Step("a", "host", "install redis", undo=Undo.KEPT),
        Step("b", "host", "configure redis"),
        Step("c", "copy", "copy [what] changed", undo=Undo.UNTIL_FINISH, phase="cutover"),
        Step("d", "drop", "delete it", undo=Undo.NO, phase="cutover"),
    ),
)
PREVIEWS = (
    Preview("a", Change.NO),
    Preview("b", Change.YES, ("--- /etc/redis.conf\n+++ new\n@@ -1 +1 @@", "+requirepass hunter2")),
    Preview("c", Change.MAYBE),
    Preview("d", Change.YES),
)


CHECKS = (Check("root", State.OK, "root"), Check("space", State.FAIL, "1 GB free", "make room"))
ROWS = (
    Row("redis", "image", "redis:7", Fate.MOVED, "redis-server"),
    Row("redis", "gpus", "all", Fate.LOST, "nothing does this"),
)
ITEMS = (
    Item(
        Kind.CONTAINER,
        "api",
        "app-api-1",
        Fate.REPLACED,
        "OmniMind's own backend",
        why="your image acme/api:1 does not run any more",
    ),
    Item(Kind.CONTAINER, "n8n", "app-n8n-1", Fate.BESIDE),
    Item(Kind.FOLDER, "api", "./up", Fate.MOVED, "/uploads", "every file", size=12_000_000),
    Item(Kind.PORT, "api", "0.0.0.0:9000 → 8000/tcp", Fate.MOVED, "127.0.0.1:9000", why="closed to other hosts"),
    Item(Kind.PORT, "api", "[::]:9000 → 8000/tcp", Fate.MOVED, "127.0.0.1:9000", why="closed to other hosts"),
    Item(Kind.VARIABLE, "api", "FOO", Fate.LOST, why="not carried"),
    Item(Kind.VARIABLE, "api", "BAR", Fate.LOST, why="not carried"),
    Item(Kind.CLIENT, "other: web", "other-web-1", Fate.LOST, why="it may use api by name"),
)
STEP: dict[str, JSON] = {"id": "install-redis", "phase": "install", "title": "install redis", "undo": "kept, harmless"}


def side(store: str, counts: dict[str, JSON], digests: dict[str, JSON]) -> JSON:
    """Return one side of a comparison as a receipt has it."""
    return {"store": store, "counts": counts, "digests": digests}


RECEIPT: dict[str, JSON] = {
    "run": "r1",
    "state": "unconfirmed",
    "omnimind": "1.0.0",
    "started": "2026-11-23T10:45:01+00:00",
    "ended": None,
    "plan": {"digest": "5d", "steps": [{**STEP, "status": "done", "seconds": 2.2}]},
    "downtime_s": {"redis": 3.21, "qdrant": 75.0},
    "verified": {
        "qdrant": {
            "source": side("qdrant", {"points": 5}, {"x": "ab"}),
            "native": side("qdrant", {"points": 5}, {"x": "ab"}),
        },
        "redis": {"source": side("redis", {"keys": 5}, {}), "native": side("redis", {"keys": 4}, {})},
        "files": {"source": side("tree", {}, {}), "native": side("tree", {}, {})},
    },
    "rollback": "until `omnimind finish`",
    "digest": "abc",
}


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return stdout's lines, which are words apart by many spaces or few."""
    out, err = capsys.readouterr()
    assert err == ""
    return [" ".join(text.split()) for text in out.splitlines()]


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the one JSON object on stdout."""
    (only,) = told(capsys)
    body = json.loads(only)
    assert body["kind"] == "result"
    return body["data"]


def test_the_plan_shows_changes_diffs_and_undo(capsys: pytest.CaptureFixture[str]) -> None:
    """Square brackets are text, secrets in a diff are blotted out."""
    output.previews(PLAN, PREVIEWS, json=False)
    lines = told(capsys)
    assert "+requirepass ***" in lines
    assert "--- /etc/redis.conf" in lines
    assert "install install redis no kept, harmless" in lines
    assert "configure redis yes reversible" in lines
    assert "cutover copy [what] changed maybe reversible until finish" in lines
    assert lines[-1].startswith(f"plan {PLAN.digest} · 2 of 4 steps would change · 1 maybe · 1 reversible")
    assert "1 not reversible" in lines[-1]
    output.previews(PLAN, PREVIEWS, json=True)
    data = answer(capsys)
    assert data["digest"] == PLAN.digest
    assert data["steps"][1]["change"] == "yes"
    assert "hunter2" not in json.dumps(data)


def test_checks_and_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The fix stands below what was found; a service is named once."""
    output.checks(CHECKS, json=False)
    lines = told(capsys)
    assert lines[2:5] == ["root ok root", "space fail 1 GB free", "fix: make room"]
    output.checks(CHECKS, json=True)
    assert answer(capsys)["checks"][1] == {"id": "space", "state": "fail", "found": "1 GB free", "fix": "make room"}
    output.rows(ROWS, json=False)
    assert told(capsys)[2:4] == ["redis moved image redis:7 redis-server", "lost gpus all nothing does this"]
    output.rows(ROWS, json=True)
    assert answer(capsys)["rows"][1]["fate"] == "lost"
    output.notes(("one",), json=False)
    assert told(capsys) == ["note: one"]


@dataclass(frozen=True)
class Prepared:
    """Shaped like flows'."""

    checks: tuple[Check, ...] = CHECKS
    fates: tuple[Item, ...] = ITEMS
    notes: tuple[str, ...] = ("ufw is active",)
    plan: Plan = PLAN


def test_before_a_question_only_what_matters_and_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """The first screen, failing checks, the plan."""
    output.before(Prepared(), json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert "make room" in err
    first = err.splitlines()[0]
    assert first == "api is replaced by OmniMind's own backend: your image acme/api:1 does not run any more"
    lines = [" ".join(line.split()) for line in err.splitlines()]
    assert "port 0.0.0.0:9000 → 127.0.0.1:9000: closed to other hosts" in lines  # IPv6 is not repeated
    assert "data ./up (12.0 MB) → /uploads, compared: every file" in lines
    assert "lost FOO, BAR: not carried" in lines
    assert "n8n keeps running beside" in lines
    assert "note: ufw is active" in lines
    assert "other: web lost it may use api by name" in lines
    assert "delete it" in err
    output.before(Prepared(), json=True)
    fates, plan = (json.loads(line)["data"] for line in told(capsys))
    assert fates["fates"][0]["to"] == "OmniMind's own backend"
    assert plan["name"] == "migrate"


@dataclass(frozen=True)
class OldVolume:
    """Shaped like flows'."""

    name: str
    service: str
    mounted_at: str
    copy: str = ""


@dataclass(frozen=True)
class Leftovers:
    """Shaped like flows'."""

    names: tuple[str, ...] = ("stack-redis-1",)
    volumes: tuple[OldVolume, ...] = (OldVolume("stack_redis", "redis", "/data", "/var/lib/redis"),)
    kept_volumes: tuple[OldVolume, ...] = (OldVolume("0f3a", "db", "/var/lib/postgresql/data"),)
    folders: tuple[Path, ...] = field(default_factory=lambda: (Path("/var/lib/x"),))
    kept: tuple[str, ...] = ("/home/alice/data",)
    databases: tuple[str, ...] = ("omnimind_after_r1",)


def test_what_finish_deletes_is_listed_before_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    """And what it keeps."""
    output.leftovers(Leftovers(), json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert [" ".join(text.split()) for text in err.splitlines()] == [
        "delete container stack-redis-1",
        "delete volume stack_redis (redis /data): its copy is /var/lib/redis",
        "delete database omnimind_after_r1",
        "delete folder /var/lib/x",
        "keep /home/alice/data",
        "keep volume 0f3a (db /var/lib/postgresql/data): it was not moved; to delete it: docker volume rm 0f3a",
    ]
    output.leftovers(Leftovers(), json=True)
    said = answer(capsys)
    assert said["deletes"] == {
        "containers": ["stack-redis-1"],
        "volumes": ["stack_redis"],
        "databases": ["omnimind_after_r1"],
        "folders": ["/var/lib/x"],
    }
    assert said["keeps"] == ["/home/alice/data", "0f3a"]


def test_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first is the journal's order; what went wrong is said."""
    steps = (StepRecord(PLAN.steps[0], Status.DONE), StepRecord(PLAN.steps[1], Status.FAILED, problem="cannot x: y"))
    run = Run("r1", PLAN, RunState.FAILED, {}, "2026-11-23T10:45:01.000+00:00", None, steps)
    output.runs((run,), json=False)
    assert told(capsys)[2] == "r1 2026-11-23 10:45:01 failed 1 of 2 cannot x: y"
    output.runs((run,), json=True)
    assert answer(capsys)["runs"][0]["steps"][1]["problem"] == "cannot x: y"
    output.runs((), json=False)
    assert told(capsys) == ["no runs on this host yet"]


def test_the_receipt_shows_measured_downtime_and_what_was_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """Unequal and empty are not green."""
    output.summary(RECEIPT, json=False)
    lines = told(capsys)
    for expected in (
        "run r1 is unconfirmed",
        "redis 3.2 s",
        "qdrant 1 min 15 s",
        "qdrant 2 yes",
        "redis 1 NO, 1 differ",
        "files 0 NO, nothing to compare",
        "rollback: until `omnimind finish`",
    ):
        assert expected in lines
    assert not any("checksum" in text for text in lines)
    output.summary({**RECEIPT, "backup": {"path": "/b.tar", "checksum": "absent"}}, json=False)
    assert (
        "backup: it has no checksum: a bit that flipped since it was made, or a missing segment, cannot be detected"
        in " ".join(told(capsys))
    )
    output.summary({**RECEIPT, "redis_backup": {"path": "/d", "coverage": "its CRC-64 matches"}}, json=False)
    assert "redis backup: its CRC-64 matches" in told(capsys)
    output.receipt(RECEIPT, json=False)
    assert "install install redis done 2.2 s" in told(capsys)
    output.summary(RECEIPT, json=True)
    assert answer(capsys) == RECEIPT


def test_claims_checked_again(capsys: pytest.CaptureFixture[str]) -> None:
    """One that does not hold shouts."""
    output.verified([("receipt unchanged", True, "abc"), ("old folder as it was", False, "gone")], json=False)
    assert told(capsys)[2:4] == ["receipt unchanged yes abc", "old folder as it was NO gone"]
    output.verified([("x", False, "")], json=True)
    assert answer(capsys)["holds"] is False
    output.message("done", {"run": "r1"}, json=False)
    assert told(capsys) == ["done"]
