"""The interface between the engine and a device: token ids in, embeddings out. OpenVINO and torch implement it.

`cpu.runner.load(folder, options)` and `gpu.runner.load(folder, options)` return a Runner or raise a Problem
(omnimind_ops.model.problem); `gpu.proof.prove()` runs a tiny kernel on the GPU. select_device.py picks
a runner; batcher.py feeds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""n × d, row-major, one row per text."""


@dataclass(frozen=True)
class Options:
    """Options of a runner: `mode` is exact, auto or fast.

    With `batch_tokens` 0 the runner chooses; `threads` 0 means all. `state` is a directory that caches expensive
    results.
    """

    mode: str = "auto"
    batch_tokens: int = 0
    threads: int = 0
    state: Path = Path("/var/lib/omnimind/models")


@dataclass(frozen=True)
class Proof:
    """Result of a self-test. `seconds` is its duration; `detail` says what failed or what was compared."""

    ok: bool
    device: str  # cpu or cuda
    seconds: float = 0.0
    detail: str = ""


class Runner(Protocol):
    """One loaded model on one device.

    All calls come from the batcher's `streams` threads; with one stream, a runner needs no lock.
    """

    @property
    def name(self) -> str:
        """The model's name, as shown by /v1/models."""

    @property
    def dimensions(self) -> int:
        """Numbers in one embedding."""

    @property
    def max_tokens(self) -> int:
        """Longest sequence that encode accepts, including special tokens."""

    @property
    def device(self) -> str:
        """cpu or cuda."""

    @property
    def encoder(self) -> str:
        """The implementation that computes the model: openvino, packed or transformers."""

    @property
    def precision(self) -> str:
        """Precision of the computation: f32, bf16, f16 or i8."""

    @property
    def digest(self) -> str:
        """16 hex digits that change with weights, pooling and precision; part of cache keys."""

    @property
    def batch_tokens(self) -> int:
        """Best batch size for this device in tokens, including padding."""

    @property
    def pads(self) -> bool:
        """Whether texts are padded to the longest of a batch. If not, their lengths may differ freely."""

    @property
    def streams(self) -> int:
        """Number of batches that this device runs in parallel."""

    @property
    def details(self) -> dict[str, object]:
        """Further facts for /info: source of the weights, measured agreement of a quantised mode, …"""

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        """Return one row per sequence in the given order, pooled and, if the model does so, normalised.

        Sequences have 1 to max_tokens ids, including special tokens, and may differ in length. An exception fails only
        this batch.
        """

    def close(self) -> None:
        """Release memory and device."""
