"""One caller's texts on their way through the engine, and their results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backend.engine.runner import Vectors
from backend.engine.tokeniser import Tokens

Done = Callable[["Request"], None]


@dataclass(eq=False)
class Request:
    """`rows` is filled as batches end; `served` is the tokens served, for the fair order.

    Times are seconds of perf_counter. The batcher's lock guards all fields.
    """

    tokens: Tokens
    dimensions: int
    done: Done
    arrived: float = field(default_factory=time.perf_counter)
    served: float = 0.0
    ended: float = 0.0
    # Seconds during which at least one batch with a text of this request was running. A shared batch counts in full,
    # because the request waited for all of it.
    inference: float = 0.0
    cancelled: bool = False
    error: Exception | None = None

    def __post_init__(self) -> None:
        count = len(self.tokens.ids)
        self.rows: Vectors = np.empty((count, self.dimensions), np.float32)
        self.waiting = sorted(range(count), key=lambda at: len(self.tokens.ids[at]))
        self.lengths = [len(self.tokens.ids[at]) for at in self.waiting]
        self.open = count  # texts without a row
        self._batches = 0  # running batches with texts of this request
        self._since = 0.0  # when the first of them began

    @property
    def waiting_tokens(self) -> int:
        """Return the number of tokens that no batch has taken yet."""
        return sum(self.lengths)

    def pop(self, place: int) -> tuple[int, int]:
        """Remove the waiting text at `place` (0 is the shortest). Return its number and length."""
        return self.waiting.pop(place), self.lengths.pop(place)

    def begin(self, now: float) -> None:
        """Record the start of a batch with a text of this request."""
        if self._batches == 0:
            self._since = now
        self._batches += 1

    def end(self, now: float) -> None:
        """Record the end of such a batch."""
        self._batches -= 1
        if self._batches == 0:
            self.inference += now - self._since
            self.ended = now
