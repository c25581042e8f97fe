"""Answers of /runs and /bench. Times are UTC, ISO 8601; durations in seconds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class RunHead(BaseModel):
    """One run: a migration, or a recovery by the guard."""

    id: str
    name: str = Field(description="of its plan: migrate, recover")
    state: str = Field(
        description="running, postponed, unconfirmed, confirmed, rolling back, rolled back, finished, failed"
    )
    started: str
    ended: str | None
    seconds: float | None = Field(description="from its start to its end; null while it has none")
    about: str = Field(description="the service of a recovery, the Compose project of a migration")
    reason: str = Field(description="why a recovery began")
    counts: dict[str, int] = Field(description="steps by status")


class Runs(BaseModel):
    """Runs, newest first."""

    runs: list[RunHead]


class RunStep(BaseModel):
    """One step. `undo` says how far it can be taken back."""

    id: str
    title: str
    phase: str
    undo: str
    status: str = Field(description="todo, doing, done, failed, undoing, undone, held")
    started: str | None
    seconds: float | None
    problem: str


class LoggedEvent(BaseModel):
    """One thing that happened; `step` is "" for the run as a whole, `status` what a step or the run came to."""

    number: int
    at: str
    kind: str = Field(description="run, step, line, warning, result")
    step: str
    text: str
    status: str


class Fact(BaseModel):
    """One count or digest on both sides."""

    name: str
    old: str
    native: str


class Compared(BaseModel):
    """What a migration compared before it let go of the old data."""

    store: str
    equal: bool
    facts: list[Fact]


class Receipt(BaseModel):
    """What a migration leaves in writing; the whole of it, for root: `omnimind receipt`."""

    rollback: str = Field(description="until when it can be rolled back")
    downtime_s: dict[str, float] = Field(
        description="by service, from the stop of its container to the first good answer"
    )
    compared: list[Compared]


class RunDetail(RunHead):
    """One run with everything that happened; `events_before` counts older events that were left out."""

    plan_digest: str
    steps: list[RunStep]
    events: list[LoggedEvent]
    events_before: int
    receipt: Receipt | None = Field(description="of a migration")


class BenchResult(BaseModel):
    """One saved result. `problem` says why it cannot be read, and then nothing else is known of it."""

    name: str
    case: str = Field(default="", description="embeddings, search, quantum, cluster, …")
    made: str = Field(default="", description="ISO 8601")
    device: str = ""
    settings: dict[str, Any] = {}
    total: dict[str, Any] = Field(default={}, description="figures of the whole: p50_ms, p95_ms, p99_ms, …")
    interrupted: bool = False
    more: dict[str, str | int | float | bool] = Field(
        default={}, description="every further number, text and truth value of the document's first level"
    )
    problem: str = ""


class BenchResults(BaseModel):
    """Saved results, newest first."""

    results: list[BenchResult]
