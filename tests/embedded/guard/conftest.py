"""One whole small system: real stores, real processes, real faults, the real journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.history import STRICT
from omnimind_ops.model.health import State
from tests.health_world import System, system
from tests.services import Services


@pytest.fixture(scope="package")
def whole(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for this folder."""
    with system(stores, tmp_path_factory.mktemp("om"), "guard") as result:
        yield result


@pytest.fixture(autouse=True)
def mended(whole: System) -> Iterator[None]:
    """Everything well, no journal, nothing remembered."""
    whole.fault()
    whole.manager.start(list(whole.manager.children))
    for file in (*whole.world.state.glob("journal.db*"), whole.world.run / "health.json"):
        file.unlink(missing_ok=True)
    (whole.world.run / "health.json").touch()
    end = time.monotonic() + 30
    while (result := check(whole.world, whole.manager, Cache(STRICT), seconds=2.0)).state is not State.READY:
        assert time.monotonic() < end, result
        time.sleep(0.05)
    whole.manager.acts.clear()
    yield
    whole.fault()
    for act in [thread for thread in threading.enumerate() if thread.name == "act"]:
        act.join(30)  # it writes into the journal that the next test removes
