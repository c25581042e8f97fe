"""The encoder as an OpenVINO graph: token ids in, one vector per token out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from openvino import opset13 as ops

from backend.engine.cpu.families import Architecture
from backend.engine.cpu.weights import Array, Weights

Value = Any  # a node or one of its outputs: OpenVINO's Python API has no types
Linear = Callable[[Value, Array, Array, str], Value]
"""Builds x @ weight.T + bias for the layer of that name; quantise.py has another implementation."""


def linear(x: Value, weight: Array, bias: Array, _name: str) -> Value:
    """Return x @ weight.T + bias in float32."""
    return ops.add(ops.matmul(x, ops.constant(weight), False, True), ops.constant(bias.reshape(1, 1, -1)))


def positions(length: Value) -> Value:
    """Return 0, 1, … length - 1 as i32."""
    return ops.range(ops.constant(np.int32(0)), length, ops.constant(np.int32(1)), "i32")


def encoder(
    shape: Architecture, weights: Weights, ids: Value, bias: Value, length: Value, build: Linear = linear
) -> Value:
    """Return [batch, length, hidden].

    `ids` is [batch, length]. `bias` [batch, 1, 1, length] is added to attention scores and is very negative at padding.
    `length` is a scalar i32.
    """
    prefix = weights.prefix("embeddings.word_embeddings.weight")
    x = _embeddings(shape, weights, prefix, ids, length)
    if shape.buckets:
        bias = ops.add(
            bias,
            _relative(
                shape,
                weights.get(f"{prefix}encoder.relative_attention_bias.weight", shape.buckets, shape.heads),
                length,
            ),
        )
    for number in range(shape.layers):
        x = _layer(shape, weights, f"{prefix}{shape.names.layer}{number}.", x, bias, build)
    return x


def _embeddings(shape: Architecture, weights: Weights, prefix: str, ids: Value, length: Value) -> Value:
    zero = ops.constant(np.int32(0))
    embeddings = weights.get(f"{prefix}embeddings.word_embeddings.weight", -1, shape.hidden)
    table = weights.get(f"{prefix}embeddings.position_embeddings.weight", -1, shape.hidden)[shape.first_position :]
    if shape.types:  # every token has type 0
        table = table + weights.get(f"{prefix}embeddings.token_type_embeddings.weight", -1, shape.hidden)[0]
    x = ops.add(
        ops.gather(ops.constant(embeddings, shared_memory=True), ids, zero),
        ops.gather(ops.constant(table), positions(length), zero),
    )
    return _norm(x, weights, f"{prefix}embeddings.LayerNorm", shape)


def _layer(shape: Architecture, weights: Weights, at: str, x: Value, bias: Value, build: Linear) -> Value:
    names, hidden = shape.names, shape.hidden

    def project(value: Value, name: str, inputs: int, outputs: int) -> Value:
        return build(
            value,
            weights.get(f"{at}{name}.weight", outputs, inputs),
            weights.get(f"{at}{name}.bias", outputs),
            f"{at}{name}",
        )

    query, key, value = (
        _heads(project(x, name, hidden, hidden), shape) for name in (names.query, names.key, names.value)
    )
    attended = ops.scaled_dot_product_attention(query, key, value, bias)
    merged = ops.reshape(ops.transpose(attended, ops.constant([0, 2, 1, 3])), ops.constant([0, 0, hidden]), True)
    x = _norm(ops.add(project(merged, names.out, hidden, hidden), x), weights, f"{at}{names.out_norm}", shape)
    up = _activate(project(x, names.up, hidden, shape.between), shape.activation)
    return _norm(ops.add(project(up, names.down, shape.between, hidden), x), weights, f"{at}{names.down_norm}", shape)


def _heads(x: Value, shape: Architecture) -> Value:
    """Reshape [batch, length, hidden] to [batch, heads, length, hidden / heads]."""
    split = ops.reshape(x, ops.constant([0, 0, shape.heads, shape.hidden // shape.heads]), True)
    return ops.transpose(split, ops.constant([0, 2, 1, 3]))


def _norm(x: Value, weights: Weights, name: str, shape: Architecture) -> Value:
    scale, shift = (
        ("gamma", "beta") if f"{name}.gamma" in weights else ("weight", "bias")
    )  # gamma and beta: TensorFlow checkpoints
    normal = ops.mvn(x, ops.constant([-1]), True, shape.epsilon, "inside_sqrt")
    gain, offset = (
        ops.constant(weights.get(f"{name}.{part}", shape.hidden).reshape(1, 1, -1)) for part in (scale, shift)
    )
    return ops.add(ops.multiply(normal, gain), offset)


def _activate(x: Value, activation: str) -> Value:
    if activation == "relu":
        return ops.relu(x)
    if activation in ("silu", "swish"):
        return ops.swish(x)
    return ops.gelu(x, "erf" if activation == "gelu" else "tanh")


def _relative(shape: Architecture, table: Array, length: Value) -> Value:
    """Return MPNet's bias [1, heads, length, length], which depends on the distance of two tokens."""
    limit = 1024
    rows = table[_buckets(np.arange(-limit, limit), shape.buckets)].T  # [heads, distance + limit]
    at = positions(length)
    distance = ops.subtract(
        ops.unsqueeze(at, ops.constant([0])), ops.unsqueeze(at, ops.constant([1]))
    )  # [query, key]: key - query
    bias = ops.gather(
        ops.constant(np.ascontiguousarray(rows)),
        ops.add(distance, ops.constant(np.int32(limit))),
        ops.constant(np.int32(1)),
    )
    return ops.unsqueeze(bias, ops.constant([0]))


def _buckets(distance: np.typing.NDArray[np.int64], buckets: int, furthest: int = 128) -> np.typing.NDArray[np.int64]:
    """Port of transformers' MPNetEncoder.relative_position_bucket: one bucket per near distance.

    Far distances share logarithmic buckets.
    """
    half, n = buckets // 2, -distance
    near = half // 2
    away = np.abs(n)
    far = near + (np.log(np.maximum(away, 1) / near) / np.log(furthest / near) * (half - near)).astype(np.int64)
    return (n < 0) * half + np.where(away < near, away, np.minimum(far, half - 1))
