"""Attention over packed texts of unequal length: each token attends only to its own text.

There are three implementations with the same result. choose() takes the fastest one that this GPU and precision
support, after comparing it with the plain one.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from backend.engine.gpu.batch import Batch, Capacity, pack, runs, view

Attention = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Batch], torch.Tensor]
"""Query, key, value and result are [tokens, heads, size]."""
_ALIKE = 0.02
"""Largest accepted difference to the plain implementation, relative to the result: half precision's rounding, far
below any error.
"""


def grouped(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The plain implementation, for every device: neighbours of equal length form a block without padding.

    It needs batch.runs.
    """
    answer = torch.empty_like(query, memory_format=torch.contiguous_format)
    begin = 0
    for texts, length in batch.runs:
        end = begin + texts * length
        q, k, v = (tensor[begin:end].unflatten(0, (texts, length)).transpose(1, 2) for tensor in (query, key, value))
        answer[begin:end] = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(0, 1)
        begin = end
    return answer


def efficient(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, batch: Batch) -> torch.Tensor:
    """One kernel for all texts, on any NVIDIA GPU in any precision.

    scaled_dot_product_attention calls the same kernel for nested tensors.
    """
    arguments = (batch.offsets, batch.offsets, batch.longest, batch.longest, 0.0, 0)
    output: torch.Tensor = torch.ops.aten._efficient_attention_forward(
        query[None], key[None], value[None], None, *arguments
    )[0][0]
    return output


def flash(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, batch: Batch) -> torch.Tensor:
    """One kernel for all texts, in half precision on Ampere and later.

    torch.nn.attention.varlen is built on it, but uses cuDNN on Hopper (torch 2.15), which plans anew for every batch
    shape.
    """
    arguments = (batch.offsets, batch.offsets, batch.longest, batch.longest, 0.0, False, False)
    output: torch.Tensor = torch.ops.aten._flash_attention_forward(query, key, value, *arguments)[0]
    return output


def choose(device: torch.device, dtype: torch.dtype, heads: int, size: int) -> tuple[str, Attention]:
    """Return name and function of the first implementation that runs here and agrees with the plain one."""
    if device.type == "cuda":
        ways = {"efficient": efficient} if dtype == torch.float32 else {"flash": flash, "efficient": efficient}
        for name, way in ways.items():
            if _agrees(way, device, dtype, heads, size):
                return name, way
    return "grouped", grouped


def _agrees(way: Attention, device: torch.device, dtype: torch.dtype, heads: int, size: int) -> bool:
    """Return whether an implementation runs and agrees with the plain one, on five texts and spare room."""
    texts = [[1] * length for length in (70, 33, 33, 2, 1)]
    used, capacity = 139, Capacity(160, 8, 128)
    host = torch.zeros(capacity.elements, dtype=torch.int32)
    pack(texts, capacity, host.numpy())
    batch = view(host.to(device), capacity, runs(texts))
    q, k, v = (
        torch.randn(capacity.tokens, 3, heads, size, generator=torch.Generator().manual_seed(7))
        .to(device, dtype)
        .unbind(1)
    )
    try:
        output, expected = (attention(q, k, v, batch)[:used].float() for attention in (way, grouped))
        return bool((output - expected).abs().max() <= _ALIKE * expected.abs().max())
    except (RuntimeError, AttributeError, TypeError):  # missing in this torch, or not supported by this GPU
        return False
