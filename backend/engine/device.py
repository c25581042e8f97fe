"""Which device the engine works on, which one it should, and the proof by a piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backend.engine.runner import Proof, Runner

KNOWN_IDS = (101, 2023, 2003, 1037, 4937, 102)
"""Any text will do: the vector it had at the start is what later ones are compared with.

Ids stay below every vocabulary's size.
"""
AGREEMENT = 0.999


@dataclass
class Device:
    """`expected` and the runner's device are cpu or cuda; `reason` says why it is that one. `proof` is the last one."""

    runner: Runner
    expected: str
    reason: str
    kernel: Callable[[], Proof] | None = None  # a tiny kernel on the card
    proof: Proof = field(default_factory=lambda: Proof(False, "cpu", detail="not tried yet"))
    proven_at: float = 0.0

    def __post_init__(self) -> None:
        self._first = self._vector()

    @property
    def name(self) -> str:
        """cpu or cuda."""
        return self.runner.device

    @property
    def state(self) -> str:
        """ready; degraded when a GPU is expected and the CPU works, or when the last proof failed."""
        return "ready" if self.name == self.expected and self.proof.ok else "degraded"

    def prove(self) -> None:
        """Do a piece of work whose result is known. Call it on the runner's thread."""
        began = time.perf_counter()
        try:
            proof = self.kernel() if self.kernel else Proof(True, self.name)
            if proof.ok:
                proof = self._compare()
        except Exception as error:  # a device that fails is what this is for
            proof = Proof(False, self.name, detail=str(error))
        self.proof = Proof(proof.ok, proof.device, round(time.perf_counter() - began, 4), proof.detail)
        self.proven_at = time.monotonic()

    def _compare(self) -> Proof:
        now = self._vector()
        cosine = float(now @ self._first / (np.linalg.norm(now) * np.linalg.norm(self._first)))
        return Proof(cosine >= AGREEMENT, self.name, detail=f"the same text as at the start: cosine {cosine:.6f}")

    def _vector(self) -> np.typing.NDArray[np.float64]:
        row: np.typing.NDArray[np.float64] = self.runner.encode([[min(one, 1000) for one in KNOWN_IDS]])[0].astype(
            np.float64
        )
        return row
