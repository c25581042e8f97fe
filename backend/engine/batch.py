"""Which texts go into the next batch: fair between callers, full, with little padding. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from backend.engine.request import Request

SLACK = 32
"""Tokens: about what a batch costs beside its tokens. Padding up to this, or an eighth of the batch, is cheaper than a batch of its own."""
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


def fill(requests: Sequence[Request], budget: int, *, pads: bool = True) -> list[Item]:
    """Take the next batch of at most `budget` tokens, or one text, shortest first. Padding counts where the device `pads`; there, lengths are alike.

    The request that has had least, of equals the smallest, goes first with its longest text; then come the texts nearest to that in length,
    whosever they are. So a small request does not wait behind a large one, and a large one is never starved.
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
    for _, request, at in merge(*(_nearest(one, middle) for one in fair), key=lambda one: one[0]):
        if (request, at) == chosen[0]:
            continue
        longer = request.lengths[at] > middle
        fits[longer] = fits[longer] and room.takes(request.lengths[at])
        if fits[longer]:
            chosen.append((request, at))
        elif not any(fits.values()):
            break
    # From the end of each request, so that the places of the others stay what they are.
    return [Item(request, *request.pop(at)) for request, at in sorted(chosen, key=lambda one: -one[1])]


def _nearest(request: Request, middle: int) -> Iterator[tuple[int, Request, int]]:
    """Yield distance from `middle`, request, and place in its waiting texts; nearest first."""
    lengths = request.lengths
    high = bisect_right(lengths, middle)
    low = high - 1
    while low >= 0 or high < len(lengths):
        if high == len(lengths) or (low >= 0 and middle - lengths[low] <= lengths[high] - middle):
            yield middle - lengths[low], request, low
            low -= 1
        else:
            yield lengths[high] - middle, request, high
            high += 1


def _packed(fair: Sequence[Request], budget: int) -> list[Item]:
    """Longest first, the least served first, until it is full."""
    first = Item(fair[0], *fair[0].pop(len(fair[0].lengths) - 1))
    items, room = [first], budget - first.length
    for request in fair:
        while room > 0 and (at := bisect_right(request.lengths, min(first.length, room)) - 1) >= 0:
            items.append(Item(request, *request.pop(at)))
            room -= items[-1].length
    return items
