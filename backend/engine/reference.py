"""Reference embeddings: the sample texts in float32, cached in the state directory.

Every other way to compute a model is compared with them: bf16 and 8 bits on the CPU, and both encoders on the GPU.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from backend.engine.folder import Folder
from backend.engine.identity import digest as identity
from backend.engine.runner import Options, Runner, Vectors
from backend.engine.sample import SAMPLE
from backend.engine.tokeniser import Ids, Tokeniser


@dataclass(frozen=True)
class Reference:
    """`rows` are the float32 embeddings of SAMPLE.

    `peaks` is the largest absolute input per channel, by name of the linear layer; 8 bits need these ranges.
    """

    rows: Vectors
    peaks: dict[str, NDArray[np.float32]] = field(default_factory=dict)


def sample(folder: Folder) -> tuple[Ids, ...]:
    """Return the token ids of SAMPLE."""
    return Tokeniser(folder).encode(SAMPLE, truncate=True).ids


def path(options: Options, content: str, folder: Folder) -> Path:
    """Return the path of the cached reference. `content` identifies the weights."""
    return options.state / f"sample-{identity(content, folder, 'f32')}.npz"


def read(file: Path, layers: Sequence[str] = ()) -> Reference | None:
    """Return the cached reference with the peaks of these layers; None if it is missing or invalid."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            reference = Reference(arrays["rows"], {name: arrays[name] for name in layers})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return reference if len(reference.rows) == len(SAMPLE) else None


def save(file: Path, reference: Reference) -> None:
    """Save the reference. A failure is ignored: the only cost is about a second at each start."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            np.savez(stream, allow_pickle=False, rows=reference.rows, **reference.peaks)
        beside.replace(file)
    except OSError:
        return


def agreement(runner: Runner, texts: Sequence[Ids], expected: Vectors) -> float:
    """Return the lowest cosine between the runner's rows and the expected ones, each text by itself."""
    return cosine(np.concatenate([runner.encode([ids.tolist()]) for ids in texts]), expected)


def cosine(rows: Vectors, expected: Vectors) -> float:
    """Return the lowest cosine between rows of the same number: 1 for equal rows, also zeros; -1 if a value is NaN."""
    left, right = rows.astype(np.float64), expected.astype(np.float64)
    sizes = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines = (left * right).sum(1) / np.where(sizes == 0, 1, sizes)
    return float(np.nan_to_num(np.where((left == right).all(1), 1, cosines), nan=-1).min())
