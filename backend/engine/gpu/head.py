"""From token vectors to one vector per text, in torch and float32: pooling, then the Dense and Normalize layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from backend.engine.cpu.weights import read
from backend.engine.folder import Dense, Folder
from backend.engine.gpu.batch import Batch

Step = Callable[[torch.Tensor], torch.Tensor]


def build(folder: Folder, device: torch.device) -> Callable[[torch.Tensor, Batch], torch.Tensor]:
    """Return a function from [tokens, hidden] to [texts, dimensions]. Rows of empty texts are undefined."""
    steps = tuple(_normalize if isinstance(layer, str) else _dense(layer, device) for layer in folder.layers)

    def head(hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        hidden = hidden.float()
        x = torch.cat([pool(kind, hidden, batch) for kind in folder.poolings], 1)
        for step in steps:
            x = step(x)
        return x

    return head


def pool(kind: str, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return [texts, hidden] by one of folder.POOLINGS."""
    lengths = batch.offsets.diff()
    if kind == "cls":  # clamped, because an empty text starts after the last token
        return hidden[batch.offsets[:-1].clamp(max=hidden.shape[0] - 1)]
    if kind == "lasttoken":
        return hidden[(batch.offsets[1:] - 1).clamp(min=0)]
    if kind == "max":
        return _reduce("max", hidden, lengths)
    if kind == "weightedmean":
        weight = (batch.positions + 1).float()[:, None]
        return _reduce("sum", hidden * weight, lengths) / _reduce("sum", weight, lengths)
    count = lengths.float()[:, None]
    return _reduce("sum", hidden, lengths) / (count.sqrt() if kind == "mean_sqrt_len_tokens" else count)


def _reduce(how: str, rows: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    reduced: torch.Tensor = torch.segment_reduce(
        rows, how, lengths=lengths, unsafe=True
    )  # unsafe: the check would wait for the GPU
    return reduced


def _normalize(x: torch.Tensor) -> torch.Tensor:
    return functional.normalize(x, dim=1)


def _dense(layer: Dense, device: torch.device) -> Step:
    weights = read(layer.path)
    weight = torch.tensor(weights.get("linear.weight", layer.outputs, layer.inputs), device=device)
    bias = torch.tensor(weights.get("linear.bias", layer.outputs), device=device) if layer.bias else None
    act: Step = torch.tanh if layer.activation == "tanh" else torch.nn.Identity()
    return partial(_apply, weight, bias, act)


def _apply(weight: torch.Tensor, bias: torch.Tensor | None, act: Step, x: torch.Tensor) -> torch.Tensor:
    return act(functional.linear(x, weight, bias))
