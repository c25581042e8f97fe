"""Pinned staging buffers between host and GPU, so that the host packs the next batch while the GPU runs this one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from backend.engine.gpu.batch import Capacity, pack
from backend.engine.runner import Vectors
from omnimind_ops.model.problem import Problem

_SPIN = 0.0005
_PATIENCE = 120.0


class StagingBuffer:
    """Staging buffers for one batch: call send(), take() and wait() in this order.

    On a CPU nothing is copied.
    """

    def __init__(self, device: torch.device, capacity: Capacity, dimensions: int, vocabulary: int) -> None:
        self._device, self._vocabulary = device, vocabulary
        on_card = device.type == "cuda"
        self._elements = torch.empty(capacity.elements, dtype=torch.int32, pin_memory=on_card)
        self._rows = torch.empty((capacity.texts, dimensions), dtype=torch.float32, pin_memory=on_card)
        self._event = torch.cuda.Event() if on_card else None
        self._texts = 0

    def send(self, ids: Sequence[Sequence[int]], capacity: Capacity, into: torch.Tensor | None = None) -> torch.Tensor:
        """Pack the texts, start the copy into `into` or a new buffer, and return that buffer.

        Raises a Problem for a token without a vector: on the GPU it would cause an error after which this process could
        not use CUDA any more.
        """
        elements = self._elements.numpy()
        pack(ids, capacity, elements)
        if elements[: capacity.tokens].min() < 0 or elements[: capacity.tokens].max() >= self._vocabulary:
            why = f"it has a token outside 0 to {self._vocabulary - 1}"
            raise Problem("cannot embed a text", why, "use the tokenizer that belongs to the model's weights")
        self._texts = len(ids)
        packed = self._elements[: capacity.elements]
        if into is None:
            return packed.to(self._device, non_blocking=True)
        return into.copy_(packed, non_blocking=True)

    def take(self, rows: torch.Tensor) -> None:
        """Start the copy of the result [at least texts, dimensions] to the host."""
        self._rows[: self._texts].copy_(rows[: self._texts], non_blocking=True)
        if self._event is not None:
            self._event.record()

    def wait(self) -> Vectors:
        """Return the result. It is valid until the next take()."""
        if self._event is not None:
            finish(self._event)
        answer: Vectors = self._rows[: self._texts].numpy()
        return answer


def finish(event: torch.cuda.Event, seconds: float = _PATIENCE) -> None:
    """Wait for the GPU, spinning only briefly.

    Raises a Problem if the GPU hangs; CUDA's own wait would never return.
    """
    start = time.monotonic()
    while not event.query():
        waited = time.monotonic() - start
        if waited > seconds:
            raise Problem(
                "cannot use the GPU",
                f"it did not finish within {seconds:g} s",
                "look for Xid lines in `dmesg`, then restart the engine",
            )
        if waited > _SPIN:
            time.sleep(0.0001)
