"""A whole model in one precision: packed tokens in, embeddings out. The encoder's vectors go through the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder
from backend.engine.gpu import automodel, packed
from backend.engine.gpu import head as torch_head
from backend.engine.gpu.batch import Batch, capacity_for, pack, runs, split, view
from backend.engine.gpu.encoder import Encoder
from backend.engine.runner import Vectors

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
Load = Callable[[Folder, Weights, torch.dtype, torch.device], Encoder]
ENCODERS: Mapping[str, Load] = {"packed": packed.load, "transformers": automodel.load}
"""Every encoder by name, in order of preference."""


@dataclass(frozen=True)
class Network:
    """One model: `head` turns the encoder's vectors into f32 [texts, dimensions]."""

    encoder: Encoder
    head: Callable[[torch.Tensor, Batch], torch.Tensor]
    precision: str

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return f32 [texts, dimensions]."""
        return self.head(self.encoder.encode(batch), batch)


def encoders(folder: Folder) -> tuple[str, ...]:
    """Return the names of the encoders that support the folder's family, in order of preference."""
    return tuple(name for name in ENCODERS if name != "packed" or packed.supports(folder))


def build(folder: Folder, weights: Weights, encoder: str, precision: str, device: torch.device) -> Network:
    """Return the folder's model on the device. Raises a Problem if it cannot be built."""
    loaded = ENCODERS[encoder](folder, weights, TYPES[precision], device)
    return Network(loaded, torch_head.build(folder, device), precision)


def embed(network: Network, device: torch.device, texts: Sequence[Sequence[int]]) -> Vectors:
    """Return f32 [texts, dimensions]. For samples, not for requests.

    All texts are one batch; for an encoder that pads, one batch for each range of lengths.
    """
    lengths = [len(text) for text in texts]
    parts = split(lengths, len(texts) * max(lengths), len(texts), pads=network.encoder.pads)
    return np.concatenate([_embed(network, device, texts[part]) for part in parts])


def _embed(network: Network, device: torch.device, texts: Sequence[Sequence[int]]) -> Vectors:
    capacity = capacity_for(texts)
    host = torch.empty(capacity.elements, dtype=torch.int32)
    pack(texts, capacity, host.numpy())
    with torch.inference_mode():
        rows: Vectors = network.forward(view(host.to(device), capacity, runs(texts))).cpu().numpy()
    return rows
