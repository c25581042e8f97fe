"""Sample texts for testing half precision: short, long, other scripts, code, one token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

from backend.engine.folder import Folder
from backend.engine.gpu.network import Network, embed
from backend.engine.runner import Vectors
from backend.engine.sample import SAMPLE
from backend.engine.tokeniser import Tokeniser

_TOKENS = {"cuda": 16384, "cpu": 1024}
"""Tokens for timing precisions: enough to keep the device busy."""


def ids(folder: Folder, vocabulary: int) -> list[Sequence[int]]:
    """Return the texts' token ids.

    Without the tokenizers package, returns ids drawn with a fixed seed, of similar lengths.
    """
    try:
        tokens = Tokeniser(folder).encode(SAMPLE, truncate=True).ids
    except ImportError:
        draw = np.random.default_rng(20)
        return [
            draw.integers(0, vocabulary, size=min(folder.max_tokens, 2 + len(text) // 4)).tolist() for text in SAMPLE
        ]
    return [text.tolist() for text in tokens]


def embedder(folder: Folder, device: torch.device) -> Callable[[Network], Vectors]:
    """Return a function that embeds the sample, repeated several times, with a network.

    The texts are tokenised once, so that the function can be timed.
    """

    @cache
    def texts(vocabulary: int) -> tuple[Sequence[int], ...]:
        once = ids(folder, vocabulary)
        times = max(1, round(_TOKENS[device.type] / sum(map(len, once))))
        return tuple(sorted(once * times, key=len))

    return lambda network: embed(network, device, texts(network.encoder.vocabulary))
