"""Batch size in tokens: as large as pays within the memory budget, and smaller for a while after running out."""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch

_FIRST = 1024
MAX_TOKENS = 65536
_GAIN = 1.05
_LONGEST = 0.1
"""Seconds; a short text waits for at most one such batch."""
_GROW_AFTER = 32
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


class Allowance:
    """The current limit of tokens per batch.

    It is halved when memory runs out, and doubled after some successful batches, up to its initial value.
    """

    def __init__(self, tokens: int, longest: int) -> None:
        self.full = self.tokens = tokens
        self._least = longest
        self.shrunk = 0
        self._good = 0

    def shrink(self, tokens: int) -> None:
        """Record that a batch of this many tokens did not fit.

        The limit does not fall below `least`, the longest text; the pipeline splits batches itself.
        """
        self.tokens = max(self._least, min(self.tokens, tokens) // 2)
        self.shrunk += 1
        self._good = 0

    def good(self) -> None:
        """Record a successful batch."""
        self._good += 1
        if self._good >= _GROW_AFTER and self.tokens < self.full:
            self.tokens = min(self.full, self.tokens * 2)
            self._good = 0


def ran_out(error: BaseException) -> bool:
    """Return whether an exception means that the GPU's or the host's memory ran out."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in _FULL)
    )


def reserved(device: torch.device) -> int:
    """Return the GPU memory held by torch in this process in bytes, without CUDA's own context; 0 on a CPU."""
    return int(torch.cuda.memory_reserved(device)) if device.type == "cuda" else 0


def give_back(device: torch.device) -> None:
    """Return cached memory to the system."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def tune(measure: Callable[[int], float], device: torch.device, budget: int, longest: int) -> int:
    """Return the batch size in tokens beyond which this GPU gains nothing.

    Starting at 1024, it doubles while that pays, takes at most 0.1 s and stays within `budget` bytes. `measure` embeds
    a batch of that many tokens and returns the seconds.
    """
    best, rate, tokens = longest, 0.0, max(_FIRST, longest)
    while tokens <= MAX_TOKENS:
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
