"""Packed batches: texts side by side without padding, split, written into one buffer, and viewed by the GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np
import torch
from numpy.typing import NDArray

from backend.engine.batch import PaddedBatch

Numbers = NDArray[np.int32]
TEXTS = 2048
"""Maximum texts in one batch; the result buffer has this size."""


@dataclass(frozen=True)
class Capacity:
    """Capacity of a buffer in tokens and texts, and the longest text that may be in it."""

    tokens: int
    texts: int
    longest: int

    @property
    def elements(self) -> int:
        """Return the buffer's length: ids and positions of the tokens, starts of the texts, and the last text's end."""
        return 2 * self.tokens + self.texts + 1


@dataclass(frozen=True)
class Batch:
    """A packed batch on the device.

    `ids` and `positions` (within the text) are i32 [tokens]. `offsets` is i32 [texts + 1]: text n is at offsets[n]
    to offsets[n + 1].

    `runs` are (texts, length) of neighbours of equal length, in order; empty if only the GPU knows the lengths (in a
    CUDA graph).
    """

    ids: torch.Tensor
    positions: torch.Tensor
    offsets: torch.Tensor
    longest: int
    runs: tuple[tuple[int, int], ...] = ()


@dataclass
class PackedBatch:
    """The fill level of a batch without padding."""

    budget: int
    tokens: int

    def takes(self, length: int) -> bool:
        """Add a text if it fits. Return whether it was added."""
        if self.tokens + length > self.budget:
            return False
        self.tokens += length
        return True


def split(lengths: Sequence[int], tokens: int, texts: int = TEXTS, *, pads: bool = False) -> list[slice]:
    """Split sorted lengths into batches of at most `tokens` tokens and `texts` texts; a longer text is alone.

    If the encoder `pads`, padding counts towards the limit, and the lengths in a batch are similar.
    """
    slices: list[slice] = []
    begin, batch = 0, None
    for at, length in enumerate(lengths):
        if batch is None or at - begin >= texts or not batch.takes(length):
            slices += [slice(begin, at)] if batch else []
            begin = at
            batch = PaddedBatch(tokens, length, tokens=length) if pads else PackedBatch(tokens, length)
    return [*slices, slice(begin, len(lengths))] if lengths else []


def capacity_for(ids: Sequence[Sequence[int]]) -> Capacity:
    """Return the exact capacity for these texts."""
    lengths = [len(text) for text in ids]
    return Capacity(sum(lengths), len(lengths), max(lengths))


def pack(ids: Sequence[Sequence[int]], capacity: Capacity, into: Numbers) -> None:
    """Write the texts into a buffer of capacity.elements. The rest becomes empty texts and unused tokens."""
    lengths = np.fromiter(map(len, ids), np.int32, len(ids))
    ends = np.cumsum(lengths, dtype=np.int32)
    used = int(ends[-1])
    arrays = [text for text in ids if isinstance(text, np.ndarray)]  # from the tokeniser; other callers pass lists
    into[:used] = (
        np.concatenate(arrays) if len(arrays) == len(ids) else np.fromiter(chain.from_iterable(ids), np.int32, used)
    )
    into[used : capacity.tokens] = 0
    positions, offsets = into[capacity.tokens : 2 * capacity.tokens], into[2 * capacity.tokens : capacity.elements]
    positions[:used] = np.arange(used, dtype=np.int32) - np.repeat(ends - lengths, lengths)
    positions[used:] = 0
    offsets[0] = 0
    offsets[1 : len(ids) + 1] = ends
    offsets[len(ids) + 1 :] = used


def view(buffer: torch.Tensor, capacity: Capacity, runs: tuple[tuple[int, int], ...] = ()) -> Batch:
    """Return the batch in a buffer filled by pack()."""
    ids, positions, offsets = buffer[: capacity.elements].split((capacity.tokens, capacity.tokens, capacity.texts + 1))
    return Batch(ids, positions, offsets, capacity.longest, runs)


def runs(ids: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """Return (texts, length) for each run of neighbours of equal length."""
    return tuple((sum(1 for _ in same), length) for length, same in groupby(map(len, ids)))
