"""The table of faults (benchmarks/faults) as a campaign: one row after the other, in random order, on one embedded
system that lives as long as the campaign.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.faults import data, services, workers
from benchmarks.faults.__main__ import FOREVER
from benchmarks.faults.cluster import Cluster, cluster, seconds_until
from tests.campaigns.result import Campaign, Result, Trial

ROWS = (*workers.ROWS, *data.ROWS, *services.ROWS)
SETTLED_SECONDS = 120.0


@contextmanager
def opened() -> Iterator[Trial]:
    """One system for all."""
    with cluster() as running:
        yield partial(trial, running)


def trial(running: Cluster, chance: random.Random) -> Result:
    """Inject one fault once. Whether it was mended and nothing was lost counts here; how fast, in `nox -s bench --
    faults`.
    """
    measure = chance.choice(ROWS)
    row = measure(running, 1)
    row.bound = FOREVER
    detail = f"{measure.__name__}: {row.injected}; " + "; ".join((f"{row.lost} lost of {row.requests}", *row.notes[:3]))
    settled = seconds_until(
        lambda: all(service.alive and not service.bad for service in running.health().services), SETTLED_SECONDS, 0.2
    )
    if settled == float("inf"):
        return Result("not all is well afterwards", True, detail)
    if not row.figures:
        return Result("could not be injected here", detail=detail)
    return (
        Result("mended, nothing lost", detail=detail)
        if row.ok
        else Result("lost something, or was not mended", True, detail)
    )


CAMPAIGN = Campaign(
    "faults", "each fault of the table of faults, in random order, on one embedded system", opened, (1, 2, 4, 13, 16)
)
