"""Rate limit for events."""

from __future__ import annotations

import time

from omnimind_ops.model.event import Event, Tell


class Throttle:
    """Passes on at most one event every `every` seconds and drops the rest."""

    def __init__(self, tell: Tell, every: float = 0.1) -> None:
        self.tell = tell
        self.every = every
        self.last = 0.0

    def __call__(self, event: Event) -> None:
        """Pass the event on, or drop it."""
        now = time.monotonic()
        if now - self.last >= self.every:
            self.last = now
            self.tell(event)
