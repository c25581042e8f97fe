"""Fixtures that several folders share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.hosts.removal import wait_for_removals
from tests.services import Services, services

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell that starts us with & has it ignored, by us and by all that we start
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish() -> None:
    wait_for_removals()


@pytest.fixture(scope="session")
def stores() -> Iterator[Services]:
    """PostgreSQL, Valkey and the Qdrant stand-in, for the whole session; make databases of your own
    (`stores.database`).
    """
    with services() as running:
        yield running
