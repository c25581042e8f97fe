"""Stage times of a request in milliseconds, sent as a Server-Timing header (W3C), which browsers display."""

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
"""Order of the stages in the header. All stages except `total` add up to `total`.

`auth` identifies the caller, `redis` counts the request against its limit, and `cache` uses Redis too. `engine` is the
time of an engine call beyond tokenise, queue and inference: the socket and the engine's own work. `backend` is the rest
of this process's work, such as routing and validation.
"""


class Timing:
    """The stages of one request. Repeated stages are added up."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.stages: dict[str, float] = {}

    def add(self, stage: str, milliseconds: float) -> None:
        """Add to a stage."""
        self.stages[stage] = self.stages.get(stage, 0.0) + milliseconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - began) * 1000)

    def header(self) -> str:
        """Return "cache;dur=1.20, inference;dur=30.10, backend;dur=1.70, total;dur=33.00"; total counts until now."""
        total = (time.perf_counter() - self.began) * 1000
        stages = {**self.stages, "backend": max(0.0, total - sum(self.stages.values())), "total": total}
        order = {name: at for at, name in enumerate(STAGES)}
        return ", ".join(
            f"{name};dur={stages[name]:.2f}"
            for name in sorted(stages, key=lambda name: order.get(name, len(order) - 2))
        )
