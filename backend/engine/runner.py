"""What turns token ids into embeddings: the border between the engine and a device. OpenVINO and torch each have one
implementation.

`cpu.runner.load(folder, options)` and `gpu.runner.load(folder, options)` return a Runner or raise a Problem
(omnimind_ops.model.problem); `gpu.proof.prove()` runs a tiny kernel on the card. choose.py picks one; batcher.py feeds
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""n × d, row-major, one row for each text."""


@dataclass(frozen=True)
class Options:
    """How to run: `mode` is exact, auto or fast; `batch_tokens` 0 lets the runner choose; `threads` 0 means all;
    `state` is a folder to keep what is costly to make.
    """

    mode: str = "auto"
    batch_tokens: int = 0
    threads: int = 0
    state: Path = Path("/var/lib/omnimind/models")


@dataclass(frozen=True)
class Proof:
    """That the device works, shown by work: `seconds` it took, `detail` says what went wrong or what was compared."""

    ok: bool
    device: str  # cpu or cuda
    seconds: float = 0.0
    detail: str = ""


class Runner(Protocol):
    """One loaded model on one device.

    All calls come from the batcher's threads, `lanes` of them: with one lane a runner needs no lock.
    """

    @property
    def name(self) -> str:
        """The model's name, as /v1/models shows it."""

    @property
    def dimensions(self) -> int:
        """Numbers in one embedding."""

    @property
    def max_tokens(self) -> int:
        """Longest sequence that encode takes, special tokens counted."""

    @property
    def device(self) -> str:
        """Where it works: cpu or cuda."""

    @property
    def precision(self) -> str:
        """What it calculates in: f32, bf16, f16 or i8."""

    @property
    def digest(self) -> str:
        """16 hex digits that change with weights, pooling and precision; part of cache keys."""

    @property
    def batch_tokens(self) -> int:
        """Tokens in a batch that this device works best with, padding counted."""

    @property
    def pads(self) -> bool:
        """Whether texts of a batch are padded to the longest; without that, lengths need not be alike."""

    @property
    def lanes(self) -> int:
        """How many batches this device works on side by side."""

    @property
    def details(self) -> dict[str, object]:
        """What /info tells beyond the rest: weights from where, the measured agreement of a quantised mode, …"""

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        """Return one row for each sequence in the order given, pooled and, where the model does so, normalised.

        Sequences hold at least one id (special tokens are already in) and at most max_tokens; they may differ in
        length. An exception fails this batch only.
        """

    def close(self) -> None:
        """Give back memory and device."""
