"""Batches in a buffer that is too large for them, as in a CUDA graph: what is left over must not change an answer."""

from __future__ import annotations

from pathlib import Path

import torch

from backend.engine import folder
from backend.engine.cpu import weights
from backend.engine.gpu import head as torch_head
from backend.engine.gpu.batch import Capacity, capacity_for, pack, runs, view
from backend.engine.gpu.network import build

IDS = [[101, 2023, 2003, 102], [101, 102], [101, 7592, 2088, 999, 2003, 102]]


def check(model: Path, _: Path) -> dict[str, object]:
    """Largest difference that spare room makes: in the whole model, and in each pooling when the spare tokens' vectors
    are not numbers.
    """
    result = folder.read(model)
    network = build(result, weights.read(result.transformer), "packed", "f32", torch.device("cpu"))
    with torch.inference_mode():
        tight, spare = (network.forward(_batch(room))[: len(IDS)] for room in (capacity_for(IDS), Capacity(64, 16, 64)))
        return {"model": float((tight - spare).abs().max()), **{kind: _pooling(kind) for kind in folder.POOLINGS}}


def _batch(room: Capacity) -> torch_head.Batch:
    host = torch.empty(room.elements, dtype=torch.int32)
    pack(IDS, room, host.numpy())
    return view(host, room, runs(IDS))


def _pooling(kind: str) -> float:
    tight, room = capacity_for(IDS), Capacity(64, 16, 64)
    vectors = torch.full((room.tokens, 8), float("nan"))
    vectors[: tight.tokens] = torch.randn(tight.tokens, 8, generator=torch.Generator().manual_seed(2))
    expected = torch_head.pool(kind, vectors[: tight.tokens], _batch(tight))
    return float((torch_head.pool(kind, vectors, _batch(room))[: len(IDS)] - expected).abs().max())
