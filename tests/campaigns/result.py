"""The nouns: Campaign, what is tried again and again; Result, how one trial ended; Tally, all of them counted."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

BROKEN = "the trial itself failed"


@dataclass(frozen=True)
class Result:
    """How one trial ended. `kind` is what it is counted as; `bad`, that this must never happen; `detail` what was done
    and what came of it; `seconds` what the trial measured, None for nothing.
    """

    kind: str
    bad: bool = False
    detail: str = ""
    seconds: float | None = None


Trial = Callable[[random.Random], Result]
"""One trial; all that is random in it comes from the argument. An exception is a bad result."""


@dataclass(frozen=True)
class Campaign:
    """What is tried. `open` prepares what all trials share; `sample` are the trials of SAMPLE_SEED that CI makes.

    `known` are kinds of bad results that cannot be helped, with the reason: they are counted and shown as bad, but do
    not fail CI.
    """

    name: str
    about: str
    open: Callable[[], AbstractContextManager[Trial]]
    sample: tuple[int, ...]
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tally:
    """Results counted by kind, and those that are bad."""

    kinds: Mapping[str, int]
    bad: int
    seconds: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """Trials made."""
        return sum(self.kinds.values())

    @property
    def verdict(self) -> str:
        """In words."""
        return f"**{self.bad} bad**" if self.bad else "holds"

    @property
    def times(self) -> str:
        """Median and longest of what the trials measured, "" for nothing."""
        if not self.seconds:
            return ""
        return f"; {statistics.median(self.seconds):.1f} s median, {max(self.seconds):.1f} s at worst"


def tally(results: Iterable[Result]) -> Tally:
    """Count them."""
    every = list(results)
    kinds = dict(Counter(one.kind for one in every).most_common())
    seconds = tuple(one.seconds for one in every if one.seconds is not None)
    return Tally(kinds, sum(one.bad for one in every), seconds)
