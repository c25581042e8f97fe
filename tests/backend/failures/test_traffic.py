"""Stores, engine and workers killed and frozen while documents are added and deleted: afterwards both sides hold the
same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.backend.census import census, swept
from tests.backend.failures.breaking import freeze, kill
from tests.backend.failures.traffic import Traffic
from tests.backend.world import World

BREAKS: dict[str, Callable[[World], None]] = {
    "qdrant killed": lambda data: kill(data.stores.qdrant),
    "qdrant frozen": lambda data: freeze(data.stores.qdrant),
    "postgres killed": lambda data: kill(data.stores.postgres),
    "postgres frozen": lambda data: freeze(data.stores.postgres),
    "redis killed": lambda data: kill(data.stores.redis),
    "redis frozen": lambda data: freeze(data.stores.redis),
    "engine killed": lambda data: kill(data.engine),
    "engine frozen": lambda data: freeze(data.engine),
    "worker killed": lambda data: kill(data.workers[0]),
    "worker frozen": lambda data: freeze(data.workers[0]),
}

UNNOTICED = ("redis killed", "redis frozen", "qdrant frozen", "engine frozen", "worker frozen")
"""Nobody's request fails for these."""


@pytest.mark.parametrize("what", BREAKS)
def test_nothing_is_orphaned_or_lost_when(data: World, what: str) -> None:
    traffic = Traffic(data)
    with traffic.running():
        time.sleep(1)
        BREAKS[what](data)
        time.sleep(1)
    allowed = (
        {201, 204, 202}
        if what in UNNOTICED
        else {201, 204, 202, 404, 503, 0}
        if "worker" in what
        else {201, 204, 202, 404, 503}
    )
    assert set(traffic.statuses) <= allowed
    assert traffic.statuses[201] > 0
    for _ in range(2):  # points are deleted, then once more, and the tombstones with them
        swept(data)
    counted = census(data)
    assert (counted.orphans, counted.lost, counted.unfinished) == (frozenset(), frozenset(), 0)
    with data.postgres() as link:
        ready = {str(id_) for (id_,) in link.execute("SELECT id FROM documents WHERE state = 'ready'").fetchall()}
    assert traffic.kept <= ready
    assert not traffic.deleted & ready
