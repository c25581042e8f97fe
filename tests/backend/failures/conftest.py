"""The world of these tests: here workers and engine are killed too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backend.world import World, world
from tests.services import Services


@pytest.fixture(scope="package")
def data(stores: Services) -> Iterator[World]:
    """A world of its own: here workers and engine are killed too."""
    with world(stores, "failures") as running:
        yield running


@pytest.fixture(autouse=True)
def settled(data: World) -> Iterator[None]:
    """What one test broke is no burden for the next."""
    yield
    data.settle()
