"""One worker over a folder in which runs and results are written as the real commands write them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.backend.cluster import Cluster, cluster
from tests.services import Services


@dataclass
class Past:
    """The worker, and where it looks."""

    core: Cluster
    state: Path

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.state / "journal.db"

    @property
    def bench(self) -> Path:
        """The folder of results."""
        return self.state / "bench"

    @property
    def variables(self) -> dict[str, str]:
        """What tells a worker so."""
        return {"OMNIMIND_JOURNAL": str(self.journal), "OMNIMIND_BENCH": str(self.bench)}

    def get(self, path: str, role: str = "reader") -> httpx.Response:
        """Ask as a person of that role."""
        with self.core.logged_in(role) as client:
            return client.get(path)


@pytest.fixture(scope="session")
def served(stores: Services) -> Iterator[Past]:
    """Shared by all tests of this folder."""
    with tempfile.TemporaryDirectory(prefix="om-history-") as home:
        Path(home).chmod(0o755)
        state = Path(home) / "state"
        with cluster(
            stores,
            "history",
            Path(home),
            OMNIMIND_JOURNAL=str(state / "journal.db"),
            OMNIMIND_BENCH=str(state / "bench"),
        ) as running:
            yield Past(running, state)


@pytest.fixture
def past(served: Past) -> Past:
    """It, with an empty past."""
    shutil.rmtree(served.state, ignore_errors=True)
    served.bench.mkdir(parents=True)
    os.chmod(served.state, 0o755)
    return served
