"""Make trials. What a trial does follows from campaign, seed and number alone: each can be made again by itself."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterable, Iterator

from tests.campaigns.result import BROKEN, Campaign, Result

SAMPLE_SEED = 1
"""Of the trials that CI makes."""


def trials(campaign: Campaign, seed: int, numbers: Iterable[int]) -> Iterator[tuple[int, Result]]:
    """Make these trials in order and yield each with its result."""
    with campaign.open() as trial:
        for number in numbers:
            try:
                result = trial(random.Random(f"{campaign.name} {seed} {number}"))
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                result = Result(BROKEN, True, f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})")
            yield number, result
