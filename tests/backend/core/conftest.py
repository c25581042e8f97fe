"""The cluster of these tests: one worker, all stores, a chosen engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.core.cluster import Cluster, cluster
from tests.services import Services


@pytest.fixture(scope="session")
def core(stores: Services) -> Iterator[Cluster]:
    """Shared by all tests of this folder: who stops a part starts it again."""
    with tempfile.TemporaryDirectory(prefix="om-core-") as home, cluster(stores, "core", Path(home)) as running:
        yield running
