"""The JSON of events is public: what --json prints, the journal keeps and the API returns stays as
tests/fixtures/events has it.
"""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.history import runs
from omnimind_ops.model.event import Event
from omnimind_ops.render.jsonl import JsonLines, json_line
from tests.runner.emitters import EMITTERS, plain, told

GOLDEN = Path(__file__).parents[1] / "fixtures" / "events"
PROSE = {"text", "title", "what", "why", "fix", "reason", "log"}


def golden(name: str) -> list[Any]:
    """Read one file of golden lines."""
    return [json.loads(text) for text in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def steady(body: Any, key: str = "") -> Any:
    """Return JSON without what may change: durations, tracebacks, and prose, of which stays whether it held a secret."""
    if isinstance(body, dict):
        return {name: steady(value, name) for name, value in body.items()}
    if isinstance(body, list):
        return [steady(item, key) for item in (body[:1] if key == "traceback" else body)]
    if isinstance(body, str) and key in PROSE:
        return "… ***" if "***" in body else "…"
    return 0.0 if isinstance(body, float) else body


def printed(events: list[Event]) -> list[Any]:
    """Return what --json prints of events."""
    return [steady(json.loads(json_line(event))) for event in events]


def kept(folder: Path) -> list[Any]:
    """Return what the journal in a folder keeps of its runs' events."""
    with closing(sqlite3.connect(folder / "journal.db")) as db:
        rows = db.execute("SELECT kind, step, text, data FROM event ORDER BY number").fetchall()
    return [
        steady({"kind": kind, "step": step, "text": text, "data": json.loads(data)}) for kind, step, text, data in rows
    ]


def answered(folder: Path) -> list[Any]:
    """Return what the API answers of every run's events."""
    journal = folder / "journal.db"
    heads = reversed(runs.list_runs(journal, 10))
    events = [event.model_dump() for head in heads for event in runs.detail(journal, head.id, 0, 100).events]
    return [steady({key: value for key, value in event.items() if key != "at"}) for event in events]


@pytest.mark.parametrize("name", EMITTERS)
def test_what_is_printed_stays(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(told(name, tmp_path, monkeypatch)) == golden(name)


@pytest.mark.parametrize("name", ["run", "recover"])
def test_what_is_kept_and_answered_stays(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(name, tmp_path, monkeypatch)
    assert kept(tmp_path) == golden(f"{name}-journal")
    assert answered(tmp_path) == golden(f"{name}-api")


def test_what_the_helpers_make_stays() -> None:
    assert [json.loads(json_line(event)) for event in plain()] == golden("helpers")


def test_what_a_result_is_printed_as_stays() -> None:
    file = io.StringIO()
    JsonLines(file).result("all is well", {"run": "r1", "changes": 0, "url": None})
    printed = json.loads(file.getvalue())
    assert datetime.fromisoformat(printed.pop("at")).utcoffset() == timedelta(0)
    assert [printed] == golden("result")
