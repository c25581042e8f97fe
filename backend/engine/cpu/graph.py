"""The whole model as one OpenVINO graph: token ids and lengths in, one vector per text out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from backend.engine.cpu.families import architecture
from backend.engine.cpu.pooling import head
from backend.engine.cpu.transformer import Linear, Value, encoder, linear, positions
from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder

HIDDEN = np.float32(-10000.0)
"""Added to the attention scores of padding: enough for exp() to be 0.

With the lowest float, the 8-bit transformations of OpenVINO 2026.4 return wrong results.
"""


def build(
    folder: Folder, weights: Weights, dense: Linear = linear, also: Mapping[str, Value] | None = None
) -> ov.Model:
    """Return the graph: inputs 0 ids [batch, length] and 1 lengths [batch], both i32; output [batch, dimensions] f32.

    `dense` builds each linear layer (quantise.py has others). It fills `also` with values that become further outputs,
    in that order.
    """
    shape = architecture(folder)
    ids, lengths = ops.parameter([-1, -1], np.int32, "ids"), ops.parameter([-1], np.int32, "lengths")
    length = ops.gather(ops.shape_of(ids, "i32"), ops.constant(np.int32(1)), ops.constant(np.int32(0)))
    is_token = ops.less(ops.unsqueeze(positions(length), ops.constant([0])), ops.unsqueeze(lengths, ops.constant([1])))
    mask = ops.convert(is_token, "f32")
    hidden = ops.multiply(ops.subtract(ops.constant(np.float32(1)), mask), ops.constant(HIDDEN))
    tokens = encoder(shape, weights, ids, ops.unsqueeze(hidden, ops.constant([1, 2])), length, dense)
    pooled = head(folder, tokens, ops.unsqueeze(mask, ops.constant([2])), lengths)
    return ov.Model([pooled, *(also or {}).values()], [ids, lengths], folder.name)
