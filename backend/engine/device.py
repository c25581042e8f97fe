"""The device in use, the expected one, and its self-test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backend.engine.runner import Proof, Runner

PROBE_IDS = (101, 2023, 2003, 1037, 4937, 102)
"""Any text works: later vectors are compared with the one at the start.

The ids are below every vocabulary's size.
"""
AGREEMENT = 0.999


@dataclass
class Device:
    """The device of the engine. `expected` and the runner's device are cpu or cuda; `reason` explains the choice.

    `proof` is the result of the last self-test.
    """

    runner: Runner
    expected: str
    reason: str
    kernel: Callable[[], Proof] | None = None  # a tiny kernel on the GPU
    proof: Proof = field(default_factory=lambda: Proof(False, "cpu", detail="not run yet"))
    proven_at: float = 0.0

    def __post_init__(self) -> None:
        self._first = self._vector()

    @property
    def name(self) -> str:
        """Return "cpu" or "cuda"."""
        return self.runner.device

    @property
    def state(self) -> str:
        """Return "ready", or "degraded" if the CPU replaces an expected GPU or the last self-test failed."""
        return "ready" if self.name == self.expected and self.proof.ok else "degraded"

    def prove(self) -> None:
        """Run the self-test: work with a known result. Call it on the runner's thread."""
        began = time.perf_counter()
        try:
            proof = self.kernel() if self.kernel else Proof(True, self.name)
            if proof.ok:
                proof = self._compare()
        except Exception as error:  # catching a failing device is the purpose of the self-test
            proof = Proof(False, self.name, detail=str(error))
        self.proof = Proof(proof.ok, proof.device, round(time.perf_counter() - began, 4), proof.detail)
        self.proven_at = time.monotonic()

    def _compare(self) -> Proof:
        now = self._vector()
        cosine = float(now @ self._first / (np.linalg.norm(now) * np.linalg.norm(self._first)))
        return Proof(cosine >= AGREEMENT, self.name, detail=f"cosine to the same text at the start: {cosine:.6f}")

    def _vector(self) -> np.typing.NDArray[np.float64]:
        row: np.typing.NDArray[np.float64] = self.runner.encode([[min(token, 1000) for token in PROBE_IDS]])[0].astype(
            np.float64
        )
        return row
