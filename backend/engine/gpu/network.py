"""A whole model in one precision: packed texts in, embeddings out.

Supported families use encoder.py, all others transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from backend.engine.cpu.families import Architecture, architecture
from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder
from backend.engine.gpu import encoder as torch_encoder
from backend.engine.gpu import head as torch_head
from backend.engine.gpu.attention import choose
from backend.engine.gpu.batch import Batch, fitting, pack, runs, seen
from backend.engine.runner import Vectors
from omnimind_ops.model.problem import Problem

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Network:
    """`forward` returns f32 [texts, dimensions]; `vocabulary` is the number of token ids with a vector.

    `packed` means that it needs neither padding nor lengths on the host, so it can be captured as a CUDA graph.
    """

    forward: Callable[[Batch], torch.Tensor]
    precision: str
    attention: str
    vocabulary: int
    packed: bool


def embed(network: Network, device: torch.device, texts: Sequence[Sequence[int]]) -> Vectors:
    """Return f32 [texts, dimensions], all in one batch. For samples, not for requests."""
    room = fitting(texts)
    host = torch.empty(room.numbers, dtype=torch.int32)
    pack(texts, room, host.numpy())
    with torch.inference_mode():
        found: Vectors = network.forward(seen(host.to(device), room, runs(texts))).cpu().numpy()
    return found


def build(folder: Folder, weights: Weights, precision: str, device: torch.device) -> Network:
    """Return the folder's model on the device. Raises a Problem if it cannot be built."""
    shape = _own(folder)
    if shape is None:
        return _foreign(folder, precision, device)
    dtype = TYPES[precision]
    name, attend = choose(device, dtype, shape.heads, shape.hidden // shape.heads)
    encoder = torch_encoder.build(shape, weights, device, dtype)
    hidden = partial(torch_encoder.tokens, encoder, attend)
    return Network(_joined(hidden, folder, device), precision, name, encoder.words.shape[0], packed=name != "grouped")


def _own(folder: Folder) -> Architecture | None:
    """Return the sizes if encoder.py can build the model, otherwise None.

    encoder.py lacks relative positions, which MPNet needs.
    """
    try:
        shape = architecture(folder)
    except Problem:
        return None
    return None if shape.buckets else shape


def _foreign(folder: Folder, precision: str, device: torch.device) -> Network:
    from backend.engine.gpu import transformers as torch_transformers

    hidden, vocabulary = torch_transformers.build(folder, TYPES[precision], device)
    return Network(_joined(hidden, folder, device), precision, "transformers", vocabulary, packed=False)


def _joined(
    hidden: Callable[[Batch], torch.Tensor], folder: Folder, device: torch.device
) -> Callable[[Batch], torch.Tensor]:
    head = torch_head.build(folder, device)

    def forward(batch: Batch) -> torch.Tensor:
        return head(hidden(batch), batch)

    return forward
