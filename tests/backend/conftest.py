"""The processes that the tests of several folders share; who stops a part starts it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.cluster import Cluster, cluster
from tests.backend.world import World, world
from tests.services import Services


@pytest.fixture(scope="session")
def core(stores: Services) -> Iterator[Cluster]:
    """One worker, all stores, a chosen engine."""
    with tempfile.TemporaryDirectory(prefix="om-core-") as home, cluster(stores, "core", Path(home)) as running:
        yield running


@pytest.fixture(scope="session")
def data(stores: Services) -> Iterator[World]:
    """One engine, two workers, all stores: texts and names must be a test's own."""
    with world(stores, "data") as running:
        yield running
