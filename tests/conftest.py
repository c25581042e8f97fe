"""Fixtures that several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import Services, services


@pytest.fixture(scope="session")
def stores() -> Iterator[Services]:
    """PostgreSQL, Valkey and the Qdrant stand-in, for the whole session; make databases of your own (`stores.database`)."""
    with services() as running:
        yield running
