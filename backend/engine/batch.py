"""Which texts go into the next batch: fair between callers, full, with little padding. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge

from backend.engine.request import Request

SLACK = 32
"""Tokens: about what a batch costs beside its tokens.

Padding up to this, or an eighth of the batch, is cheaper than a batch of its own.
"""
SMALLEST = 64
"""Tokens; what waits is not cut finer than that."""
LOOK_AT = 256
"""Requests that are looked at for one batch."""


@dataclass(frozen=True)
class Item:
    """Text number `at` of a request."""

    request: Request
    at: int
    length: int


@dataclass
class _Room:
    """How full a batch is that is padded to its longest text."""

    budget: int
    longest: int
    count: int = 1
    tokens: int = 0

    def takes(self, length: int) -> bool:
        """Add a text if it fits and the padding is worth it."""
        count, longest, tokens = self.count + 1, max(self.longest, length), self.tokens + length
        if count * longest > self.budget or count * longest - tokens > max(SLACK, tokens // 8):
            return False
        self.count, self.longest, self.tokens = count, longest, tokens
        return True


def share(tokens: int, lanes: int) -> int:
    """Return the budget of the first of `lanes` idle lanes where so many tokens wait: its part of them, and the padding
    that `fill` allows.
    """
    part = -(-tokens // lanes)
    return max(SMALLEST, part + max(SLACK, part // 8))


def fill(requests: Sequence[Request], budget: int, *, pads: bool = True) -> list[Item]:
    """Take the next batch of at most `budget` tokens, or one text, shortest first. Padding counts where the device
    `pads`; there, lengths are alike.

    The request that has had least, of equals the smallest, goes first with its longest text; then come the texts
    nearest to that in length, whosever they are. So a small request does not wait behind a large one, and a large one
    is never starved.
    """
    fair = sorted((one for one in requests if one.waiting), key=lambda one: (one.served, len(one.waiting)))[:LOOK_AT]
    if not fair:
        return []
    items = (_alike if pads else _packed)(fair, budget)
    for item in items:
        item.request.served += item.length
    return sorted(items, key=lambda item: item.length)


def _alike(fair: Sequence[Request], budget: int) -> list[Item]:
    """The nearest in length, shorter or longer, as long as the padding is worth it."""
    middle = fair[0].lengths[-1]
    room = _Room(budget, middle, tokens=middle)
    chosen = [(fair[0], len(fair[0].lengths) - 1)]
    fits = {True: True, False: True}  # a longer one, a shorter one
    for _, request, at in merge(*(_nearest(one, middle, fits) for one in fair), key=lambda one: one[0]):
        if (request, at) == chosen[0]:
            continue
        longer = request.lengths[at] > middle
        fits[longer] = fits[longer] and room.takes(request.lengths[at])
        if fits[longer]:
            chosen.append((request, at))
    # From the end of each request, so that the places of the others stay what they are.
    return [Item(request, *request.pop(at)) for request, at in sorted(chosen, key=lambda one: -one[1])]


def _nearest(request: Request, middle: int, fits: Mapping[bool, bool]) -> Iterator[tuple[int, Request, int]]:
    """Yield distance from `middle`, request, and place in its waiting texts; nearest first, longer or shorter ones only
    while they fit.
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
    """Longest first, the least served first, until it is full."""
    first = Item(fair[0], *fair[0].pop(len(fair[0].lengths) - 1))
    items, room = [first], budget - first.length
    for request in fair:
        while room > 0 and (at := bisect_right(request.lengths, min(first.length, room)) - 1) >= 0:
            items.append(Item(request, *request.pop(at)))
            room -= items[-1].length
    return items
