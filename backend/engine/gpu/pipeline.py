"""Any number of texts through one network: sorted, split into batches, two in progress, halved if memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch

from backend.engine.gpu import memory as torch_memory
from backend.engine.gpu.batch import TEXTS, Capacity, capacity_for, runs, split, view
from backend.engine.gpu.graphs import Graphs
from backend.engine.gpu.network import Network
from backend.engine.gpu.staging import StagingBuffer
from backend.engine.runner import Vectors
from omnimind_ops.model.problem import Problem

Ids = Sequence[Sequence[int]]


class Pipeline:
    """The buffers and graphs of one network; `tokens` is the batch limit. Not thread-safe."""

    def __init__(self, network: Network, device: torch.device, dimensions: int, longest: int, tokens: int) -> None:
        capacity = Capacity(max(tokens, longest), TEXTS, longest)
        self._network, self._device, self._dimensions = network, device, dimensions
        self._buffers = deque(StagingBuffer(device, capacity, dimensions, network.encoder.vocabulary) for _ in range(2))
        self._in_flight: deque[tuple[list[int], StagingBuffer]] = deque()
        self.allowance = torch_memory.Allowance(capacity.tokens, longest)
        self.graphs = Graphs(network, device, longest, capacity.tokens)

    def run(self, ids: Ids) -> Vectors:
        """Return one row per text, in the given order.

        Raises a Problem if a single text does not fit, and torch's own error otherwise.
        """
        order = sorted(range(len(ids)), key=lambda at: -len(ids[at]))
        lengths = [len(ids[at]) for at in order]
        parts = split(lengths, self.allowance.tokens, pads=self._network.encoder.pads)
        waiting = deque(order[part] for part in parts)
        answer = np.empty((len(ids), self._dimensions), np.float32)
        try:
            with torch.inference_mode():
                while waiting or self._in_flight:
                    if waiting and self._buffers:
                        rows = waiting.popleft()
                        if not self._start([ids[at] for at in rows], rows):
                            waiting.extendleft(reversed(self._halves(ids, rows)))
                    else:
                        rows, batch = self._end()
                        answer[rows] = batch
        finally:
            self._drain()
        return answer

    def close(self) -> None:
        """Release the buffers and graphs."""
        self.graphs.clear()
        self._buffers.clear()

    def _start(self, texts: Ids, rows: list[int]) -> bool:
        """Start a batch. Return False if there is no memory for it."""
        buffer = self._buffers.popleft()
        try:
            self._launch(texts, buffer)
        except (RuntimeError, MemoryError, Problem) as error:
            self._buffers.append(buffer)
            if not torch_memory.ran_out(error):
                raise
            return False
        self._in_flight.append((rows, buffer))
        return True

    def _launch(self, texts: Ids, buffer: StagingBuffer) -> None:
        capacity = self.graphs.capacity(sum(map(len, texts)), len(texts))
        graph = self.graphs.get(capacity) if capacity else None
        if capacity and graph:
            buffer.send(texts, capacity, graph.buffer)
            graph.graph.replay()
            buffer.take(graph.rows)
        else:
            capacity = capacity_for(texts)
            buffer.take(self._network.forward(view(buffer.send(texts, capacity), capacity, runs(texts))))

    def _end(self) -> tuple[list[int], Vectors]:
        rows, buffer = self._in_flight[0]
        vectors = buffer.wait()
        self._in_flight.popleft()
        self._buffers.append(buffer)
        self.allowance.good()
        return rows, vectors

    def _halves(self, ids: Ids, rows: list[int]) -> list[list[int]]:
        """Split a batch that did not fit. Call it after the failed frames, which held the memory, are gone."""
        lengths = [len(ids[at]) for at in rows]
        tokens = max(lengths) * len(lengths) if self._network.encoder.pads else sum(lengths)
        torch_memory.give_back(self._device)
        if len(rows) == 1:
            why = f"there is no memory for one text of {tokens} tokens"
            raise Problem(
                "cannot embed a text",
                why,
                "find the process that uses the memory (nvidia-smi, free), or set OMNIMIND_MODEL to a smaller model",
            )
        self.allowance.shrink(tokens)
        middle = len(rows) // 2
        return [rows[:middle], rows[middle:]]

    def _drain(self) -> None:
        """After a failure, wait for the other batch: its buffers are free once the GPU is done or dead."""
        while self._in_flight:
            _, buffer = self._in_flight.popleft()
            with suppress(RuntimeError, Problem):  # the original failure is already on its way to the caller
                buffer.wait()
            self._buffers.append(buffer)
