"""The BERT family's encoder in torch, on packed tokens: [tokens, hidden], not [batch, length, hidden] with padding.

It replaces transformers' AutoModel, which pads, and whose import alone costs 2.3 s and 140 MB. Families and weights are
shared with the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional

from backend.engine.cpu.families import Architecture
from backend.engine.cpu.weights import Array, Weights
from backend.engine.gpu.attention import Attention
from backend.engine.gpu.batch import Batch

_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": functional.gelu,
    "relu": functional.relu,
    "silu": functional.silu,
    "swish": functional.silu,
}


@dataclass(frozen=True)
class Affine:
    """Weight and bias of a linear layer or of a normalisation."""

    weight: torch.Tensor
    bias: torch.Tensor


@dataclass(frozen=True)
class Layer:
    """One layer; `qkv` computes query, key and value of all heads at once."""

    qkv: Affine
    out: Affine
    out_norm: Affine
    up: Affine
    down: Affine
    down_norm: Affine


@dataclass(frozen=True)
class Encoder:
    """All layers. `words` is the table of token vectors.

    `places` is the table of positions, with the vector of token type 0 added.
    """

    shape: Architecture
    words: torch.Tensor
    places: torch.Tensor
    norm: Affine
    layers: tuple[Layer, ...]


def build(shape: Architecture, weights: Weights, device: torch.device, dtype: torch.dtype) -> Encoder:
    """Return the encoder on the device. Raises a Problem if the weights do not match the configuration."""
    prefix = weights.prefix("embeddings.word_embeddings.weight")

    def put(array: Array) -> torch.Tensor:
        return torch.from_numpy(array.copy()).to(device, dtype)  # copied, because torch warns about read-only memory

    def affine(name: str, outputs: int, inputs: int) -> Affine:
        return Affine(put(weights.get(f"{name}.weight", outputs, inputs)), put(weights.get(f"{name}.bias", outputs)))

    def norm(name: str) -> Affine:
        scale, shift = (
            ("gamma", "beta") if f"{name}.gamma" in weights else ("weight", "bias")
        )  # gamma and beta: TensorFlow checkpoints
        return Affine(
            put(weights.get(f"{name}.{scale}", shape.hidden)), put(weights.get(f"{name}.{shift}", shape.hidden))
        )

    table = weights.get(f"{prefix}embeddings.position_embeddings.weight", -1, shape.hidden)[shape.first_position :]
    if shape.types:
        table = table + weights.get(f"{prefix}embeddings.token_type_embeddings.weight", -1, shape.hidden)[0]
    return Encoder(
        shape=shape,
        words=put(weights.get(f"{prefix}embeddings.word_embeddings.weight", -1, shape.hidden)),
        places=put(table),
        norm=norm(f"{prefix}embeddings.LayerNorm"),
        layers=tuple(
            _layer(shape, f"{prefix}{shape.names.layer}{number}.", affine, norm) for number in range(shape.layers)
        ),
    )


def _layer(
    shape: Architecture, at: str, affine: Callable[[str, int, int], Affine], norm: Callable[[str], Affine]
) -> Layer:
    names, hidden, between = shape.names, shape.hidden, shape.between
    parts = [affine(at + name, hidden, hidden) for name in (names.query, names.key, names.value)]
    return Layer(
        qkv=Affine(torch.cat([one.weight for one in parts]), torch.cat([one.bias for one in parts])),
        out=affine(at + names.out, hidden, hidden),
        out_norm=norm(at + names.out_norm),
        up=affine(at + names.up, between, hidden),
        down=affine(at + names.down, hidden, between),
        down_norm=norm(at + names.down_norm),
    )


def tokens(encoder: Encoder, attend: Attention, batch: Batch) -> torch.Tensor:
    """Return one vector per token, [tokens, hidden], in the encoder's precision."""
    shape = encoder.shape
    activate = _ACTIVATIONS.get(shape.activation, partial(functional.gelu, approximate="tanh"))
    x = functional.embedding(batch.ids, encoder.words) + functional.embedding(batch.places, encoder.places)
    x = _norm(x, encoder.norm, shape.epsilon)
    for layer in encoder.layers:
        query, key, value = _linear(x, layer.qkv).unflatten(1, (3, shape.heads, -1)).unbind(1)
        attended = attend(query, key, value, batch).flatten(1)
        x = _norm(_linear(attended, layer.out) + x, layer.out_norm, shape.epsilon)
        x = _norm(_linear(activate(_linear(x, layer.up)), layer.down) + x, layer.down_norm, shape.epsilon)
    return x


def _linear(x: torch.Tensor, by: Affine) -> torch.Tensor:
    return functional.linear(x, by.weight, by.bias)


def _norm(x: torch.Tensor, by: Affine, epsilon: float) -> torch.Tensor:
    return functional.layer_norm(x, by.bias.shape, by.weight, by.bias, epsilon)
