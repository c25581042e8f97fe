"""Answers of /bench."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class BenchResult(BaseModel):
    """One saved result. `problem` says why it cannot be read, and then nothing else is known of it."""

    name: str
    case: str = Field(default="", description="embeddings, search, quantum, cluster, …")
    made: str = Field(default="", description="ISO 8601")
    device: str = ""
    settings: dict[str, Any] = {}
    total: dict[str, Any] = Field(default={}, description="figures of the whole: p50_ms, p95_ms, p99_ms, …")
    interrupted: bool = False
    more: dict[str, str | int | float | bool] = Field(default={}, description="every further number, text and truth value of the document's first level")
    problem: str = ""


class BenchResults(BaseModel):
    """Saved results, newest first."""

    results: list[BenchResult]
