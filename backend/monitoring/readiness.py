"""The deep check: a real request to every service, over separate connections.

A busy connection pool therefore does not look like an outage.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from backend.monitoring import probes
from backend.settings import Settings

if TYPE_CHECKING:
    from backend.clients.pools import Pools

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
class _Said:
    answer: Answer
    at: float

    @property
    def fresh(self) -> float:
        """How long the answer may be reused, in seconds."""
        return DOWN_SECONDS if self.answer.state == "down" else FRESH_SECONDS


class Check:
    """The check of one service, with one probe at a time.

    A probe that hangs is reported as down. It is neither repeated nor cancelled, because cancelling can hang too.
    """

    def __init__(self, question: Callable[[], Awaitable[tuple[str, str]]], seconds: float) -> None:
        self._question = question
        self._seconds = seconds
        self._said: _Said | None = None
        self._task: asyncio.Task[_Said] | None = None
        self._since = 0.0

    async def read(self) -> Answer:
        """Return the answer within the settings' time limit. It is at most FRESH_SECONDS or DOWN_SECONDS old."""
        now = time.monotonic()
        if not self._task:
            if self._said and now - self._said.at < self._said.fresh:
                return self._said.answer.model_copy(update={"age_s": round(now - self._said.at, 3)})
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

    async def _measure(self) -> _Said:
        began = time.perf_counter()
        try:
            state, detail = await self._question()
        except Exception as error:  # any failure of a service is its state, not an internal error
            said = (str(error).strip() or type(error).__name__).splitlines()
            state, detail = "down", said[0][:300]
        answer = Answer(state=state, latency_ms=round((time.perf_counter() - began) * 1000, 2), detail=detail)
        self._said, self._task = _Said(answer, time.monotonic()), None
        return self._said


class Checks:
    """The checks of all services of one worker. Nothing is opened before the first probe."""

    def __init__(self, settings: Settings, pools: Pools) -> None:
        self._asked = probes.Questions(settings, pools)
        ask: dict[str, Callable[[], Awaitable[tuple[str, str]]]] = {
            "postgres": self._asked.postgres,
            "redis": self._asked.redis,
            "qdrant": self._asked.qdrant,
            "engine": self._asked.engine,
        }
        self._checks = {name: Check(question, settings.check_seconds) for name, question in ask.items()}

    async def all(self) -> dict[str, Answer]:
        """Run all checks concurrently."""
        answers = await asyncio.gather(*(check.read() for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))

    def engine(self) -> dict[str, Any]:
        """Return the engine's last health report, {} if there is none."""
        return self._asked.engine_said

    async def close(self) -> None:
        """Cancel hanging probes and close the connections."""
        for check in self._checks.values():
            check.give_up()
        await self._asked.close()


def overall(answers: dict[str, Answer]) -> str:
    """Return ready, degraded (all answer, at least one is degraded) or down."""
    states = {answer.state for answer in answers.values()}
    return "down" if "down" in states else "degraded" if "degraded" in states else "ready"
