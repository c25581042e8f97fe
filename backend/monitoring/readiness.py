"""The deep check: a real request to every service, over separate connections.

A busy connection pool therefore does not look like an outage.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from backend.monitoring.probes import ServiceProbes

FRESH_SECONDS = 1.0
"""Each worker probes a service at most this often, whatever the number of requests."""
DOWN_SECONDS = 0.1
"""The same for a service that is down. Its recovery should be seen at once, and a refused probe costs little."""


class Answer(BaseModel):
    """How one service is, and how old that is. `detail` says why it is not up."""

    state: str = Field(pattern="^(up|degraded|down)$")
    latency_ms: float
    age_s: float = 0.0
    detail: str = ""


@dataclass
class _Cached:
    answer: Answer
    at: float

    @property
    def fresh(self) -> float:
        """How long the answer may be reused, in seconds."""
        return DOWN_SECONDS if self.answer.state == "down" else FRESH_SECONDS


class ServiceCheck:
    """The check of one service, with one probe at a time.

    A probe that hangs is reported as down. It is neither repeated nor cancelled, because cancelling can hang too.
    """

    def __init__(self, probe: Callable[[], Awaitable[tuple[str, str]]], seconds: float) -> None:
        self._probe = probe
        self._seconds = seconds
        self._cached: _Cached | None = None
        self._task: asyncio.Task[_Cached] | None = None
        self._since = 0.0

    async def read(self) -> Answer:
        """Return the answer within the settings' time limit. It is at most FRESH_SECONDS or DOWN_SECONDS old."""
        now = time.monotonic()
        if not self._task:
            if self._cached and now - self._cached.at < self._cached.fresh:
                return self._cached.answer.model_copy(update={"age_s": round(now - self._cached.at, 3)})
            self._task, self._since = asyncio.create_task(self._measure()), now
        done, _ = await asyncio.wait({self._task}, timeout=max(0.0, self._since + self._seconds - now))
        if done:
            return done.pop().result().answer
        waited = (time.monotonic() - self._since) * 1000
        return Answer(state="down", latency_ms=round(waited, 2), detail=f"no answer within {self._seconds:g} s")

    def give_up(self) -> None:
        """Cancel a probe that still runs."""
        if self._task:
            self._task.cancel()

    async def _measure(self) -> _Cached:
        began = time.perf_counter()
        try:
            state, detail = await self._probe()
        except Exception as error:  # any failure of a service is its state, not an internal error
            message = (str(error).strip() or type(error).__name__).splitlines()
            state, detail = "down", message[0][:300]
        answer = Answer(state=state, latency_ms=round((time.perf_counter() - began) * 1000, 2), detail=detail)
        self._cached, self._task = _Cached(answer, time.monotonic()), None
        return self._cached


class Readiness:
    """The checks of all services of one worker. Nothing is opened before the first probe."""

    def __init__(self, probes: ServiceProbes, seconds: float) -> None:
        self._probes = probes
        probe_of: dict[str, Callable[[], Awaitable[tuple[str, str]]]] = {
            "postgres": probes.postgres,
            "redis": probes.redis,
            "qdrant": probes.qdrant,
            "engine": probes.engine,
        }
        self._checks = {name: ServiceCheck(probe, seconds) for name, probe in probe_of.items()}

    async def all(self) -> dict[str, Answer]:
        """Run all checks concurrently."""
        answers = await asyncio.gather(*(check.read() for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))

    def engine(self) -> dict[str, Any]:
        """Return the engine's last health report, {} if there is none."""
        return self._probes.engine_health

    async def close(self) -> None:
        """Cancel hanging probes and close the connections."""
        for check in self._checks.values():
            check.give_up()
        await self._probes.close()


def overall(answers: dict[str, Answer]) -> str:
    """Return ready, degraded (all answer, at least one is degraded) or down."""
    states = {answer.state for answer in answers.values()}
    return "down" if "down" in states else "degraded" if "degraded" in states else "ready"
