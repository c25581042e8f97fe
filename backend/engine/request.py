"""Request: one caller's texts on their way through the engine, and what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backend.engine.runner import Vectors
from backend.engine.tokenise import Tokens

Done = Callable[["Request"], None]


@dataclass(eq=False)
class Request:
    """`rows` is filled as batches end; `served` is its place in the fair order.

    Times are seconds of perf_counter; guarded by the batcher's lock.
    """

    tokens: Tokens
    dimensions: int
    done: Done
    arrived: float = field(default_factory=time.perf_counter)
    served: float = 0.0
    ended: float = 0.0
    inference: float = 0.0  # seconds in which batches with a text of ours were calculated, side by side or not; a shared one counts whole, as we waited for it
    cancelled: bool = False
    error: Exception | None = None

    def __post_init__(self) -> None:
        count = len(self.tokens.ids)
        self.rows: Vectors = np.empty((count, self.dimensions), np.float32)
        self.waiting = sorted(range(count), key=lambda at: len(self.tokens.ids[at]))
        self.lengths = [len(self.tokens.ids[at]) for at in self.waiting]
        self.open = count  # texts without a row
        self._batches = 0  # under way
        self._since = 0.0  # when the first of them began

    @property
    def waiting_tokens(self) -> int:
        """Tokens that no batch has taken yet."""
        return sum(self.lengths)

    def pop(self, place: int) -> tuple[int, int]:
        """Take the waiting text at that place (0 is the shortest): its number and length."""
        return self.waiting.pop(place), self.lengths.pop(place)

    def begin(self, now: float) -> None:
        """Note that a batch with a text of ours begins."""
        if self._batches == 0:
            self._since = now
        self._batches += 1

    def end(self, now: float) -> None:
        """Note that such a batch ended."""
        self._batches -= 1
        if self._batches == 0:
            self.inference += now - self._since
            self.ended = now
