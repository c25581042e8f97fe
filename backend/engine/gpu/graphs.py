"""CUDA graphs for small batches, whose time is mostly spent launching a hundred kernels; a graph launches them at once.

A graph has fixed shapes. For packed texts, one graph per number of tokens is enough, whatever the lengths: the rest of
the capacity becomes empty texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from backend.engine.gpu.batch import Capacity, pack, view
from backend.engine.gpu.network import Network

SIZES = (16, 32, 64, 128, 256, 512, 1024)
"""Numbers of tokens with a graph; each graph is captured when first needed."""
_TOKENS_PER_TEXT = 4
"""A graph has room for one text per this many tokens."""
_ALIKE = 0.01


@dataclass(frozen=True)
class Graph:
    """Write a batch into `buffer`, replay, read `rows`."""

    buffer: torch.Tensor
    rows: torch.Tensor
    graph: torch.cuda.CUDAGraph


class Graphs:
    """The graphs of one network. `off` is the reason if graphs are not used, otherwise ""."""

    def __init__(self, network: Network, device: torch.device, longest: int, largest: int) -> None:
        self._network, self._device, self._longest = network, device, longest
        self._sizes = tuple(size for size in SIZES if size <= largest)
        self._captured: dict[int, Graph] = {}
        self.off = (
            ""
            if device.type == "cuda" and network.encoder.capturable
            else f"not with {network.encoder.attention} attention on {device.type}"
        )
        self._pool = None if self.off else torch.cuda.graph_pool_handle()

    @property
    def sizes(self) -> list[int]:
        """Return the token counts of the graphs captured so far."""
        return sorted(self._captured)

    def capacity(self, tokens: int, texts: int) -> Capacity | None:
        """Return the capacity of the smallest graph that fits the batch; None if none does."""
        fit = (size for size in self._sizes if size >= tokens and size // _TOKENS_PER_TEXT >= texts)
        size = None if self.off else next(fit, None)
        return None if size is None else Capacity(size, size // _TOKENS_PER_TEXT, min(size, self._longest))

    def get(self, capacity: Capacity) -> Graph | None:
        """Return the graph for this capacity, capturing it if needed.

        Returns None if this GPU or torch cannot capture it; `off` is then set and no graph is used any more.
        """
        if capacity.tokens not in self._captured and not self.off:
            try:
                self._captured[capacity.tokens] = self._capture(capacity)
            except RuntimeError as error:  # includes out of memory: without graphs there may be enough
                self.off = f"cannot be captured: {str(error).strip().splitlines()[0]}"
        return None if self.off else self._captured[capacity.tokens]

    def clear(self) -> None:
        """Release the memory of all graphs."""
        self._captured.clear()

    def _capture(self, capacity: Capacity) -> Graph:
        host = torch.empty(capacity.elements, dtype=torch.int32)
        pack(_example(capacity), capacity, host.numpy())
        buffer = host.to(self._device)
        batch = view(buffer, capacity)
        side = torch.cuda.Stream(self._device)
        side.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(side):  # libraries initialise in the first run, which must not be part of the graph
            self._network.forward(batch)
            expected = self._network.forward(batch)[: len(_example(capacity))]
        torch.cuda.current_stream(self._device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(
            graph, pool=self._pool, capture_error_mode="thread_local"
        ):  # other threads may use the GPU meanwhile
            rows = self._network.forward(batch)
        graph.replay()
        if not bool((rows[: expected.shape[0]] - expected).abs().max() <= _ALIKE):
            raise RuntimeError("the results with and without the graph differ")
        return Graph(buffer, rows, graph)


def _example(capacity: Capacity) -> Sequence[Sequence[int]]:
    """Return one text of the maximum length, and one of a single token if there is room."""
    longest = [0] * min(capacity.tokens - 1, capacity.longest)
    return [longest, [0]] if capacity.texts > 1 else [longest]
