"""One `Quantum` with its real child for the tests that only ask it things."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.engine.quantum import Quantum

Ask = Callable[..., tuple[int, dict]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """`ask(qasm, shots=…)` runs a circuit as POST /quantum would."""
    state: Path = tmp_path_factory.mktemp("state")
    with asyncio.Runner() as runner:
        quantum = Quantum(state=state)
        yield lambda qasm, **more: runner.run(quantum.run({"qasm": qasm, **more}))
        runner.run(quantum.close())
