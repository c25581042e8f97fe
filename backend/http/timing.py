"""Where a request's time went: stages in milliseconds, sent as a Server-Timing header (W3C Server Timing), which
browsers show by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

HEADER = "Server-Timing"
STAGES = (
    "auth",
    "redis",
    "receive",
    "parse",
    "cache",
    "tokenise",
    "queue",
    "inference",
    "engine",
    "chunk",
    "qdrant",
    "postgres",
    "serialise",
    "backend",
    "total",
)
"""In this order; without the last they add up to it.

`auth` finds out who calls, `redis` counts the request against its limit, `cache` is Redis too. `engine` is what the
engine's answer took beyond tokenise, queue and inference: the socket and its own work. `backend` is what this process
did besides: it finds the route and checks what was asked.
"""


class Timing:
    """The stages of one request; a stage that happens twice is added up."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.stages: dict[str, float] = {}

    def add(self, stage: str, milliseconds: float) -> None:
        """Add to a stage."""
        self.stages[stage] = self.stages.get(stage, 0.0) + milliseconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - began) * 1000)

    def header(self) -> str:
        """Return "cache;dur=1.20, inference;dur=30.10, backend;dur=1.70, total;dur=33.00"; total is counted until now."""
        total = (time.perf_counter() - self.began) * 1000
        stages = {**self.stages, "backend": max(0.0, total - sum(self.stages.values())), "total": total}
        order = {name: at for at, name in enumerate(STAGES)}
        return ", ".join(
            f"{name};dur={stages[name]:.2f}"
            for name in sorted(stages, key=lambda name: order.get(name, len(order) - 2))
        )
