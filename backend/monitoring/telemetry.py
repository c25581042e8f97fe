"""Telemetry of one worker: one sampler for all listeners, stopped while there are none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.monitoring.sampler import Sampler

BEHIND = 5
"""Ticks queued per listener; one that falls further behind is dropped."""

Inbox = asyncio.Queue[str | None]
"""Ticks as JSON text; None means that the listener was too slow, or that the worker stops."""


class Telemetry:
    """Sends every tick to every listener."""

    def __init__(self, sampler: Sampler, seconds: float) -> None:
        self._sampler = sampler
        self._seconds = seconds
        self._inboxes: set[Inbox] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Inbox]:
        """Yield an inbox that receives each tick."""
        inbox: Inbox = asyncio.Queue(BEHIND)
        self._inboxes.add(inbox)
        self._task = self._task or asyncio.create_task(self._tick())
        try:
            yield inbox
        finally:
            self._inboxes.discard(inbox)
            if not self._inboxes and self._task:
                self._task.cancel()
                self._task = None

    async def close(self) -> None:
        """Disconnect every listener."""
        for inbox in list(self._inboxes):
            _drop(inbox)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            text = (await self._sampler.sample()).model_dump_json()
            for inbox in list(self._inboxes):
                if inbox.full():
                    self._inboxes.discard(inbox)
                    _drop(inbox)
                else:
                    inbox.put_nowait(text)
            due = max(due + self._seconds, loop.time())  # time lost by a slow sample is not caught up
            await asyncio.sleep(due - loop.time())


def _drop(inbox: Inbox) -> None:
    with contextlib.suppress(asyncio.QueueEmpty):
        while True:
            inbox.get_nowait()
    inbox.put_nowait(None)
