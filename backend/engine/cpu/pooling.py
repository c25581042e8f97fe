"""From token vectors to one vector per text: pooling, then the folder's Dense and Normalize layers."""

from __future__ import annotations

import numpy as np
from openvino import opset13 as ops

from backend.engine.cpu.transformer import Value
from backend.engine.cpu.weights import Weights, read
from backend.engine.folder import Dense, Folder

_LAST = (1,)


def head(folder: Folder, tokens: Value, mask: Value, lengths: Value) -> Value:
    """Return [batch, dimensions] from [batch, length, hidden].

    `mask` [batch, length, 1] is 1.0 at tokens and 0.0 at padding; `lengths` [batch] is i32.
    """
    pooled = [_pool(kind, tokens, mask, lengths) for kind in folder.poolings]
    x = pooled[0] if len(pooled) == 1 else ops.concat(pooled, 1)
    for layer in folder.layers:
        x = _normal(x) if isinstance(layer, str) else _dense(x, layer)
    return x


def _pool(kind: str, tokens: Value, mask: Value, lengths: Value) -> Value:
    along = ops.constant([1])
    if kind == "cls":
        return ops.gather(tokens, ops.constant(np.int32(0)), ops.constant(np.int32(1)))
    if kind == "lasttoken":
        last = ops.unsqueeze(ops.subtract(lengths, ops.constant(np.int32(1))), along)
        return ops.squeeze(ops.gather(tokens, last, ops.constant(np.int32(1)), 1), along)
    if kind == "max":
        lowest = ops.multiply(ops.subtract(mask, ops.constant(np.float32(1))), ops.constant(np.float32(1e9)))
        return ops.reduce_max(ops.add(tokens, lowest), along)
    if kind == "weightedmean":
        mask = ops.multiply(mask, ops.convert(_numbers(mask), "f32"))
    total, count = ops.reduce_sum(ops.multiply(tokens, mask), along), ops.reduce_sum(mask, along)
    return ops.divide(total, ops.sqrt(count) if kind == "mean_sqrt_len_tokens" else count)


def _numbers(mask: Value) -> Value:
    """Return 1, 2, … for the tokens of each text, as [1, length, 1]."""
    count = ops.gather(ops.shape_of(mask, "i32"), ops.constant(np.int32(1)), ops.constant(np.int32(0)))
    one = ops.constant(np.int32(1))
    return ops.unsqueeze(ops.range(one, ops.add(count, one), one, "i32"), ops.constant([0, 2]))


def _normal(x: Value) -> Value:
    return ops.normalize_l2(x, ops.constant(list(_LAST)), 1e-24, "max")


def _dense(x: Value, layer: Dense) -> Value:
    weights: Weights = read(layer.path)
    x = ops.matmul(x, ops.constant(weights.get("linear.weight", layer.outputs, layer.inputs)), False, True)
    if layer.bias:
        x = ops.add(x, ops.constant(weights.get("linear.bias", layer.outputs).reshape(1, -1)))
    return ops.tanh(x) if layer.activation == "tanh" else x
