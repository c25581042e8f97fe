"""Selection of the texts for the next batch: fair between callers, full, with little padding. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge

from backend.engine.request import Request

SLACK = 32
"""Overhead of a batch, in tokens.

Padding up to this, or to an eighth of the batch, is cheaper than a separate batch.
"""
SMALLEST = 64
"""Smallest budget for splitting the queue between streams, in tokens."""
LOOK_AT = 256
"""Maximum requests considered for one batch."""


@dataclass(frozen=True)
class Item:
    """Text number `at` of a request."""

    request: Request
    at: int
    length: int


@dataclass
class PaddedBatch:
    """The fill level of a batch that is padded to its longest text."""

    budget: int
    longest: int
    count: int = 1
    tokens: int = 0

    def takes(self, length: int) -> bool:
        """Add a text if it fits and its padding is worth it. Return whether it was added."""
        count, longest, tokens = self.count + 1, max(self.longest, length), self.tokens + length
        if count * longest > self.budget or count * longest - tokens > max(SLACK, tokens // 8):
            return False
        self.count, self.longest, self.tokens = count, longest, tokens
        return True


def share(tokens: int, streams: int) -> int:
    """Return the budget of the first of `streams` idle streams while `tokens` wait: its share, plus padding as in
    `fill`.
    """
    part = -(-tokens // streams)
    return max(SMALLEST, part + max(SLACK, part // 8))


def fill(requests: Sequence[Request], budget: int, *, pads: bool = True) -> list[Item]:
    """Take the next batch of at most `budget` tokens (or one text), shortest first.

    If the device `pads`, padding counts towards the budget and the texts have similar lengths.

    The request served least goes first, the smallest among equals, with its longest text. The texts nearest to that in
    length follow, from any request. A small request therefore does not wait behind a large one, and a large one is
    never starved.
    """
    fair = sorted(
        (request for request in requests if request.waiting), key=lambda request: (request.served, len(request.waiting))
    )[:LOOK_AT]
    if not fair:
        return []
    items = (_alike if pads else _packed)(fair, budget)
    for item in items:
        item.request.served += item.length
    return sorted(items, key=lambda item: item.length)


def _alike(fair: Sequence[Request], budget: int) -> list[Item]:
    """Take the texts nearest in length, shorter or longer, while their padding is worth it."""
    middle = fair[0].lengths[-1]
    room = PaddedBatch(budget, middle, tokens=middle)
    chosen = [(fair[0], len(fair[0].lengths) - 1)]
    fits = {True: True, False: True}  # longer texts, shorter texts
    for _, request, at in merge(
        *(_nearest(candidate, middle, fits) for candidate in fair), key=lambda candidate: candidate[0]
    ):
        if (request, at) == chosen[0]:
            continue
        longer = request.lengths[at] > middle
        fits[longer] = fits[longer] and room.takes(request.lengths[at])
        if fits[longer]:
            chosen.append((request, at))
    # From the end of each request, so that the remaining positions stay valid.
    return [Item(request, *request.pop(at)) for request, at in sorted(chosen, key=lambda candidate: -candidate[1])]


def _nearest(request: Request, middle: int, fits: Mapping[bool, bool]) -> Iterator[tuple[int, Request, int]]:
    """Yield (distance from `middle`, request, position among its waiting texts), nearest first.

    Longer and shorter texts are yielded only while they fit.
    """
    lengths = request.lengths
    high = bisect_right(lengths, middle)
    low = high - 1
    while True:
        shorter = middle - lengths[low] if low >= 0 and fits[False] else None
        longer = lengths[high] - middle if high < len(lengths) and fits[True] else None
        if shorter is not None and (longer is None or shorter <= longer):
            yield shorter, request, low
            low -= 1
        elif longer is not None:
            yield longer, request, high
            high += 1
        else:
            return


def _packed(fair: Sequence[Request], budget: int) -> list[Item]:
    """Fill the batch with the longest texts of the least served requests."""
    first = Item(fair[0], *fair[0].pop(len(fair[0].lengths) - 1))
    items, room = [first], budget - first.length
    for request in fair:
        while room > 0 and (at := bisect_right(request.lengths, min(first.length, room)) - 1) >= 0:
            items.append(Item(request, *request.pop(at)))
            room -= items[-1].length
    return items
