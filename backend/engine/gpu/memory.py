"""How many tokens a batch holds: as many as pay, within the memory that is ours; fewer for a while after memory ran
out.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch

_FIRST = 1024
MOST = 65536
_GAIN = 1.05
_LONGEST = 0.1
"""Seconds: who sends one short text waits for at most one such batch."""
_GROW_AFTER = 32
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


class Allowance:
    """Tokens that a batch may hold now: halved when memory ran out, doubled after some good batches, until the number
    it began with.
    """

    def __init__(self, tokens: int, least: int) -> None:
        self.full = self.tokens = tokens
        self._least = least
        self.shrunk = 0
        self._good = 0

    def shrink(self, tokens: int) -> None:
        """A batch of this many tokens did not fit.

        Below the longest text, `least`, nothing is gained: the pipeline halves what it has.
        """
        self.tokens = max(self._least, min(self.tokens, tokens) // 2)
        self.shrunk += 1
        self._good = 0

    def good(self) -> None:
        """A batch went through."""
        self._good += 1
        if self._good >= _GROW_AFTER and self.tokens < self.full:
            self.tokens = min(self.full, self.tokens * 2)
            self._good = 0


def ran_out(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, the card's or the machine's."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _FULL)
    )


def held(device: torch.device) -> int:
    """Bytes of the card that torch holds in this process, without CUDA's own context; 0 on a CPU."""
    return int(torch.cuda.memory_reserved(device)) if device.type == "cuda" else 0


def give_back(device: torch.device) -> None:
    """Return what is kept for reuse to the system."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def tune(measure: Callable[[int], float], device: torch.device, budget: int, least: int) -> int:
    """Return the tokens in a batch beyond which this card gains nothing: doubled from 1024 while it pays, takes ≤ 0.1 s
    and stays within `budget` bytes.

    `measure` embeds a batch of so many tokens and returns the seconds.
    """
    best, rate, tokens = least, 0.0, max(_FIRST, least)
    while tokens <= MOST:
        torch.cuda.reset_peak_memory_stats(device)
        try:
            seconds = measure(tokens)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            give_back(device)
            break
        if tokens / seconds < rate * _GAIN or (seconds > _LONGEST and rate):
            break
        best, rate = tokens, tokens / seconds
        if torch.cuda.max_memory_allocated(device) * 2 > budget:
            break
        tokens *= 2
    return best
