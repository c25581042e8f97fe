"""Let only some of many events through."""

from __future__ import annotations

import time

from omnimind_ops.model.event import Event, Tell


class Throttle:
    """Passes an event on when the last one was `every` seconds ago; the others are dropped."""

    def __init__(self, tell: Tell, every: float = 0.1) -> None:
        self.tell = tell
        self.every = every
        self.last = 0.0

    def __call__(self, event: Event) -> None:
        """Pass it on, or not."""
        now = time.monotonic()
        if now - self.last >= self.every:
            self.last = now
            self.tell(event)
