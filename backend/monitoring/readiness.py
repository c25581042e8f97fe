"""The deep check: every service is asked something real, over connections of its own, so that a pool whose connections
are all busy looks like no outage.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from backend.monitoring import probes
from backend.settings import Settings

FRESH_SECONDS = 1.0
"""However often a worker is asked, it asks each service at most this often."""
DOWN_SECONDS = 0.1
"""The same for one that is down: whoever waits for it wants to know at once when it is there, and a question that is
refused costs little.
"""


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
        """Seconds for which it may be said again."""
        return DOWN_SECONDS if self.answer.state == "down" else FRESH_SECONDS


class Check:
    """One service. One question at a time: one that hangs is told of, not asked again, and not cancelled, for that can
    hang too.
    """

    def __init__(self, question: Callable[[], Awaitable[tuple[str, str]]], seconds: float) -> None:
        self._question = question
        self._seconds = seconds
        self._said: _Said | None = None
        self._task: asyncio.Task[_Said] | None = None
        self._since = 0.0

    async def read(self) -> Answer:
        """Return the answer, at most FRESH_SECONDS or DOWN_SECONDS old, within the settings' seconds."""
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
        """End a question that is still open."""
        if self._task:
            self._task.cancel()

    async def _measure(self) -> _Said:
        began = time.perf_counter()
        try:
            state, detail = await self._question()
        except Exception as error:  # whatever a service does wrong is its state, not an error of ours
            said = (str(error).strip() or type(error).__name__).splitlines()
            state, detail = "down", said[0][:300]
        answer = Answer(state=state, latency_ms=round((time.perf_counter() - began) * 1000, 2), detail=detail)
        self._said, self._task = _Said(answer, time.monotonic()), None
        return self._said


class Checks:
    """All services of one worker; nothing is opened before the first question."""

    def __init__(self, settings: Settings) -> None:
        self._asked = probes.Questions(settings)
        ask: dict[str, Callable[[], Awaitable[tuple[str, str]]]] = {
            "postgres": self._asked.postgres,
            "redis": self._asked.redis,
            "qdrant": self._asked.qdrant,
            "engine": self._asked.engine,
        }
        self._checks = {name: Check(question, settings.check_seconds) for name, question in ask.items()}

    async def all(self) -> dict[str, Answer]:
        """Ask all at once."""
        answers = await asyncio.gather(*(check.read() for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))

    def engine(self) -> dict[str, Any]:
        """Return the last that the engine said of itself, {} while it has said nothing."""
        return self._asked.engine_said

    async def close(self) -> None:
        """Give up what hangs and close the connections."""
        for check in self._checks.values():
            check.give_up()
        await self._asked.close()


def overall(answers: dict[str, Answer]) -> str:
    """Return ready, degraded (all answer, one not as it should) or down."""
    states = {answer.state for answer in answers.values()}
    return "down" if "down" in states else "degraded" if "degraded" in states else "ready"
