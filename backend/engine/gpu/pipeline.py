"""Any number of texts through one network: sorted, split into batches, two in progress, halved if memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch

from backend.engine.gpu import memory as torch_memory
from backend.engine.gpu.batch import TEXTS, Room, fitting, runs, seen, split
from backend.engine.gpu.graphs import Graphs
from backend.engine.gpu.lane import Lane
from backend.engine.gpu.network import Network
from backend.engine.runner import Vectors
from omnimind_ops.model.problem import Problem

Ids = Sequence[Sequence[int]]


class Pipeline:
    """The buffers and graphs of one network; `tokens` is the batch limit. Not thread-safe."""

    def __init__(self, network: Network, device: torch.device, dimensions: int, longest: int, tokens: int) -> None:
        room = Room(max(tokens, longest), TEXTS, longest)
        self._network, self._device, self._dimensions = network, device, dimensions
        self._lanes = deque(Lane(device, room, dimensions, network.encoder.vocabulary) for _ in range(2))
        self._flying: deque[tuple[list[int], Lane]] = deque()
        self.allowance = torch_memory.Allowance(room.tokens, longest)
        self.graphs = Graphs(network, device, longest, room.tokens)

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
                while waiting or self._flying:
                    if waiting and self._lanes:
                        rows = waiting.popleft()
                        if not self._start([ids[at] for at in rows], rows):
                            waiting.extendleft(reversed(self._halves(ids, rows)))
                    else:
                        rows, found = self._end()
                        answer[rows] = found
        finally:
            self._settle()
        return answer

    def close(self) -> None:
        """Release the buffers and graphs."""
        self.graphs.clear()
        self._lanes.clear()

    def _start(self, texts: Ids, rows: list[int]) -> bool:
        """Start a batch. Return False if there is no memory for it."""
        lane = self._lanes.popleft()
        try:
            self._launch(texts, lane)
        except (RuntimeError, MemoryError, Problem) as error:
            self._lanes.append(lane)
            if not torch_memory.ran_out(error):
                raise
            return False
        self._flying.append((rows, lane))
        return True

    def _launch(self, texts: Ids, lane: Lane) -> None:
        room = self.graphs.room(sum(map(len, texts)), len(texts))
        graph = self.graphs.get(room) if room else None
        if room and graph:
            lane.send(texts, room, graph.numbers)
            graph.graph.replay()
            lane.take(graph.rows)
        else:
            room = fitting(texts)
            lane.take(self._network.forward(seen(lane.send(texts, room), room, runs(texts))))

    def _end(self) -> tuple[list[int], Vectors]:
        rows, lane = self._flying[0]
        found = lane.wait()
        self._flying.popleft()
        self._lanes.append(lane)
        self.allowance.good()
        return rows, found

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
                "see who holds the memory (nvidia-smi, free), or set OMNIMIND_MODEL to a smaller model",
            )
        self.allowance.shrink(tokens)
        middle = len(rows) // 2
        return [rows[:middle], rows[middle:]]

    def _settle(self) -> None:
        """After a failure, wait for the other batch: its buffers are free once the GPU is done or dead."""
        while self._flying:
            _, lane = self._flying.popleft()
            with suppress(RuntimeError, Problem):  # the original failure is already on its way to the caller
                lane.wait()
            self._lanes.append(lane)
