"""Computation of the reference embeddings with OpenVINO in float32, and of the ranges that 8 bits need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov

from backend.engine import reference
from backend.engine.cpu.core import core
from backend.engine.cpu.weights import Array
from backend.engine.folder import Folder
from backend.engine.reference import Reference

_FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


def calibrate(folder: Folder, model: ov.Model, layers: Sequence[str], file: Path) -> Reference:
    """Return the contents of `file`; otherwise run the model on the sample and try to save the result there.

    Output 0 holds the rows; the others hold the peaks, in the order of `layers`.
    """
    saved = reference.read(file, layers)
    if saved:
        return saved
    request = core().compile_model(model, "CPU", _FLOAT32).create_infer_request()
    rows: list[Array] = []
    peaks: dict[str, Array] = {}
    for ids in reference.sample(folder):
        request.infer({0: ids.reshape(1, -1), 1: np.array([len(ids)], np.int32)})
        rows.append(np.array(request.get_output_tensor(0).data[0], np.float32))
        for at, name in enumerate(layers, 1):
            peak = np.array(request.get_output_tensor(at).data, np.float32)
            peaks[name] = np.maximum(peaks[name], peak) if name in peaks else peak
    computed = Reference(np.stack(rows), peaks)
    reference.save(file, computed)
    return computed
