"""The interface of a GPU encoder: packed tokens in, one vector per token out. It has two implementations.

packed.py is written for this engine and computes no padding. automodel.py runs transformers' AutoModel.
select_encoder.py decides which of them serves.
"""

from __future__ import annotations

from typing import Protocol

import torch

from backend.engine.gpu.batch import Batch


class Encoder(Protocol):
    """The layers of one model in one precision on one device."""

    @property
    def name(self) -> str:
        """packed or transformers."""

    @property
    def attention(self) -> str:
        """The attention implementation in use."""

    @property
    def vocabulary(self) -> int:
        """The number of token ids that have a vector."""

    @property
    def pads(self) -> bool:
        """Whether it pads the texts of a batch to the longest."""

    @property
    def capturable(self) -> bool:
        """Whether it can become a CUDA graph: no padding, and the host need not know the lengths."""

    def encode(self, batch: Batch) -> torch.Tensor:
        """Return one vector per token, [tokens, hidden], in the encoder's precision."""
