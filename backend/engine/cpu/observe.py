"""Reference run of a model on the sample texts in float32, cached in the state directory.

It is the reference for bf16 and 8 bits, and gives the ranges that 8 bits need.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import openvino as ov

from backend.engine.cpu.core import core
from backend.engine.cpu.weights import Array
from backend.engine.folder import Folder
from backend.engine.runner import Runner, Vectors
from backend.engine.sample import SAMPLE
from backend.engine.tokenise import Ids, Tokeniser


@dataclass(frozen=True)
class Observed:
    """A float32 run: `rows` are the embeddings of SAMPLE.

    `peaks` is the largest absolute input per channel, by name of the linear layer.
    """

    rows: Vectors
    peaks: dict[str, Array] = field(default_factory=dict)


def sample(folder: Folder) -> tuple[Ids, ...]:
    """Return the token ids of SAMPLE."""
    return Tokeniser(folder).encode(SAMPLE, truncate=True).ids


def observe(folder: Folder, model: ov.Model, names: Sequence[str], file: Path) -> Observed:
    """Return the contents of `file`; otherwise run the model and try to save the result there.

    Output 0 holds the rows; the others hold the peaks, in the order of `names`.
    """
    kept = _read(file, names)
    if kept:
        return kept
    request = (
        core()
        .compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
        .create_infer_request()
    )
    rows: list[Array] = []
    peaks: dict[str, Array] = {}
    for ids in sample(folder):
        request.infer({0: ids.reshape(1, -1), 1: np.array([len(ids)], np.int32)})
        rows.append(np.array(request.get_output_tensor(0).data[0], np.float32))
        for at, name in enumerate(names, 1):
            now = np.array(request.get_output_tensor(at).data, np.float32)
            peaks[name] = np.maximum(peaks[name], now) if name in peaks else now
    found = Observed(np.stack(rows), peaks)
    _keep(file, found)
    return found


def agreement(folder: Folder, runner: Runner, observed: Observed) -> float:
    """Return the lowest cosine between the runner and float32 over all sample texts; 1 for two zero vectors."""
    rows = np.concatenate([runner.encode([ids.tolist()]) for ids in sample(folder)]).astype(np.float64)
    sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(observed.rows, axis=1)
    cosines = (rows * observed.rows).sum(1) / np.where(sizes == 0, 1, sizes)
    same = (rows == observed.rows).all(1)
    return float(np.nan_to_num(np.where(same, 1, cosines), nan=-1).min())


def _read(file: Path, names: Sequence[str]) -> Observed | None:
    """Return the saved run; None if it is missing or invalid, so that it is measured again."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            return Observed(kept["rows"], {name: kept[name] for name in names})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _keep(file: Path, found: Observed) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as opened:
            np.savez(opened, allow_pickle=False, rows=found.rows, **found.peaks)
        beside.replace(file)
    except OSError:
        return  # the only cost is about a second of work at each start
