"""The world of these tests: one engine, two workers, all stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backend.world import World, world
from tests.services import Services


@pytest.fixture(scope="session")
def data(stores: Services) -> Iterator[World]:
    """Shared by all tests of this folder: texts and names must be a test's own."""
    with world(stores, "data") as running:
        yield running
