"""The encoder of the BERT family written for this engine: [tokens, hidden], not [batch, length, hidden] with padding.

It computes no padding, can become a CUDA graph, and does not import transformers (2.3 s, 140 MB). Families and weights
are shared with the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional

from backend.engine.cpu.families import Architecture, architecture, buildable
from backend.engine.cpu.weights import Array, Weights
from backend.engine.folder import Folder
from backend.engine.gpu.attention import Attention, choose
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
class Layers:
    """All weights. `positions` is the position table, with the vector of token type 0 added."""

    embeddings: torch.Tensor
    positions: torch.Tensor
    norm: Affine
    layers: tuple[Layer, ...]


class PackedEncoder:
    """All layers of a model; the members are documented in encoder.Encoder."""

    name = "packed"
    pads = False

    def __init__(self, shape: Architecture, layers: Layers, attention: str, attend: Attention) -> None:
        self._shape, self._layers, self._attend = shape, layers, attend
        self.attention, self.capturable = attention, attention != "grouped"
        self.vocabulary = layers.embeddings.shape[0]

    def encode(self, batch: Batch) -> torch.Tensor:
        """Return one vector per token, [tokens, hidden]."""
        shape, table = self._shape, self._layers
        activate = _ACTIVATIONS.get(shape.activation, partial(functional.gelu, approximate="tanh"))
        x = functional.embedding(batch.ids, table.embeddings) + functional.embedding(batch.positions, table.positions)
        x = _normalize(x, table.norm, shape.epsilon)
        for layer in table.layers:
            query, key, value = _linear(x, layer.qkv).unflatten(1, (3, shape.heads, -1)).unbind(1)
            attended = self._attend(query, key, value, batch).flatten(1)
            x = _normalize(_linear(attended, layer.out) + x, layer.out_norm, shape.epsilon)
            x = _normalize(_linear(activate(_linear(x, layer.up)), layer.down) + x, layer.down_norm, shape.epsilon)
        return x


def supports(folder: Folder) -> bool:
    """Return whether this encoder can be built for the folder's family. MPNet's relative positions are missing."""
    return buildable(folder) and not architecture(folder).buckets


def load(folder: Folder, weights: Weights, dtype: torch.dtype, device: torch.device) -> PackedEncoder:
    """Return the folder's encoder on the device. Raises a Problem if the weights do not match the configuration."""
    shape = architecture(folder)
    attention, attend = choose(device, dtype, shape.heads, shape.hidden // shape.heads)
    return PackedEncoder(shape, _Reader(shape, weights, device, dtype).layers(), attention, attend)


class _Reader:
    """Reads the weights of one model onto the device."""

    def __init__(self, shape: Architecture, weights: Weights, device: torch.device, dtype: torch.dtype) -> None:
        self.shape, self.weights, self.device, self.dtype = shape, weights, device, dtype
        self.prefix = weights.prefix("embeddings.word_embeddings.weight")

    def layers(self) -> Layers:
        """Return all weights of the model."""
        names, numbers = self.shape.names, range(self.shape.layers)
        return Layers(
            embeddings=self._put(self._table("word")),
            positions=self._put(self._positions()),
            norm=self._norm(f"{self.prefix}embeddings.LayerNorm"),
            layers=tuple(self._layer(f"{self.prefix}{names.layer}{number}.") for number in numbers),
        )

    def _layer(self, prefix: str) -> Layer:
        names, hidden, between = self.shape.names, self.shape.hidden, self.shape.between
        qkv = [self._affine(prefix + name, hidden, hidden) for name in (names.query, names.key, names.value)]
        return Layer(
            qkv=Affine(torch.cat([part.weight for part in qkv]), torch.cat([part.bias for part in qkv])),
            out=self._affine(prefix + names.out, hidden, hidden),
            out_norm=self._norm(prefix + names.out_norm),
            up=self._affine(prefix + names.up, between, hidden),
            down=self._affine(prefix + names.down, hidden, between),
            down_norm=self._norm(prefix + names.down_norm),
        )

    def _positions(self) -> Array:
        table = self._table("position")[self.shape.first_position :]
        return table + self._table("token_type")[0] if self.shape.types else table

    def _table(self, kind: str) -> Array:
        return self.weights.get(f"{self.prefix}embeddings.{kind}_embeddings.weight", -1, self.shape.hidden)

    def _affine(self, name: str, outputs: int, inputs: int) -> Affine:
        weight, bias = self.weights.get(f"{name}.weight", outputs, inputs), self.weights.get(f"{name}.bias", outputs)
        return Affine(self._put(weight), self._put(bias))

    def _norm(self, name: str) -> Affine:
        tensorflow = f"{name}.gamma" in self.weights  # checkpoints from TensorFlow have gamma and beta
        scale, shift = ("gamma", "beta") if tensorflow else ("weight", "bias")
        hidden = self.shape.hidden
        return Affine(
            self._put(self.weights.get(f"{name}.{scale}", hidden)),
            self._put(self.weights.get(f"{name}.{shift}", hidden)),
        )

    def _put(self, array: Array) -> torch.Tensor:
        # Copied, because torch warns about read-only memory.
        return torch.from_numpy(array.copy()).to(self.device, self.dtype)


def _linear(x: torch.Tensor, by: Affine) -> torch.Tensor:
    return functional.linear(x, by.weight, by.bias)


def _normalize(x: torch.Tensor, by: Affine, epsilon: float) -> torch.Tensor:
    return functional.layer_norm(x, by.bias.shape, by.weight, by.bias, epsilon)
