"""`fast`: linear layers in 8 bits. Weights are rounded once, each row to steps of its own; inputs while they pass, each
token by itself.

A few channels of a BERT are a hundred times larger than the others, and one range for all would round these away. So
each channel is scaled by its own factor, and the weights by the inverse (SmoothQuant, arXiv 2211.10438). OpenVINO's
plugin multiplies whole numbers where the processor can (VNNI, AMX) when it finds weights as Convert and Multiply, and
is told in how large groups it may round inputs. Measured against a FakeQuantize around each input: as fast with every
layer in 8 bits, and with a sixth of the error.
"""

from __future__ import annotations

import numpy as np
from openvino import opset13 as ops

from backend.engine.cpu.families import architecture
from backend.engine.cpu.transformer import Linear, Value, linear
from backend.engine.cpu.weights import Array
from backend.engine.folder import Folder

MOST = 127
BALANCE = 0.5
"""How much of a channel's size goes into the weights; 1 would be all."""
GROUPS = (384, 256, 192, 128, 64, 32)
"""Numbers of an input that are rounded to the same steps: the larger, the faster and the coarser."""


def groups(folder: Folder) -> tuple[int, ...]:
    """Return the sizes that divide the inputs of every layer, fastest first."""
    shape = architecture(folder)
    return tuple(size for size in GROUPS if shape.hidden % size == 0 and shape.between % size == 0)


def watching(ends: dict[str, Value]) -> Linear:
    """Return a builder of plain linear layers that puts the peaks of each one's inputs into `ends`, by its name."""

    def build(x: Value, weight: Array, bias: Array, name: str) -> Value:
        ends[name] = ops.reduce_max(ops.abs(x), ops.constant([0, 1]))
        return linear(x, weight, bias, name)

    return build


def rounding(peaks: dict[str, Array]) -> Linear:
    """Return a builder of 8-bit linear layers for inputs that reach these peaks."""

    def build(x: Value, weight: Array, bias: Array, name: str) -> Value:
        scale = smoothing(peaks[name], weight)
        scaled = weight * scale
        steps = np.asarray(np.maximum(np.abs(scaled).max(1, keepdims=True), 1e-8) / MOST, np.float32)
        whole = np.clip(np.round(scaled / steps), -MOST, MOST).astype(np.int8)
        rows = ops.multiply(ops.convert(ops.constant(whole), "f32"), ops.constant(steps))
        inputs = ops.multiply(x, ops.constant((1 / scale).reshape(1, 1, -1)))
        return ops.add(ops.matmul(inputs, rows, False, True), ops.constant(bias.reshape(1, 1, -1)))

    return build


def smoothing(peaks: Array, weight: Array) -> Array:
    """Return each channel's factor."""
    peaks, columns = np.maximum(peaks, 1e-5), np.maximum(np.abs(weight).max(0), 1e-5)
    return np.asarray(peaks**BALANCE / columns ** (1 - BALANCE), np.float32)
