"""The engine's embeddings are those of sentence-transformers: every mode, every family, every pooling, and texts of
every kind.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.engine import folder
from backend.engine.cpu import runner
from backend.engine.runner import Options, Vectors
from backend.engine.tokeniser import Tokeniser

from .conftest import TEXTS, Reference

SMALL = ("bert", "roberta", "distilbert", "mpnet", "f16", "bf16")
POOLINGS = (
    "cls_token",
    "max_tokens",
    "mean_tokens",
    "mean_sqrt_len_tokens",
    "weightedmean_tokens",
    "lasttoken",
    "mean_tokens max_tokens",
)


def embed(path: Path, mode: str, state: Path) -> Vectors:
    """Embed all texts, in batches of eight as they come."""
    read = folder.read(path)
    ids = Tokeniser(read).encode(TEXTS, truncate=True).ids
    loaded = runner.load(read, Options(mode=mode, state=state))
    rows = [loaded.encode(ids[at : at + 8]) for at in range(0, len(ids), 8)]  # type: ignore[arg-type]
    loaded.close()
    return np.concatenate(rows)


def least_cosine(ours: Vectors, theirs: Vectors) -> float:
    """The cosine of the pair that differs most."""
    assert ours.shape == theirs.shape
    return float(((ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)).min())


@pytest.mark.parametrize(("mode", "least"), [("exact", 0.99999), ("auto", 0.999), ("fast", 0.99)])
def test_the_default_model_in_every_mode(mode: str, least: float, reference: Reference, tmp_path: Path) -> None:
    assert least_cosine(embed(reference.folders["default"], mode, tmp_path), reference.rows["default"]) >= least


@pytest.mark.parametrize("name", [*SMALL, *(f"bert {pooling}" for pooling in POOLINGS)])
def test_any_folder_of_a_family(name: str, reference: Reference, tmp_path: Path) -> None:
    assert least_cosine(embed(reference.folders[name], "exact", tmp_path), reference.rows[name]) >= 0.9999


def test_what_was_measured_for_fast_is_kept_and_used_again(reference: Reference, tmp_path: Path) -> None:
    first = embed(reference.folders["default"], "fast", tmp_path)
    kept = list(tmp_path.glob("sample-*.npz"))
    assert len(kept) == 1
    assert least_cosine(embed(reference.folders["default"], "fast", tmp_path), first) > 0.9999
    kept[0].write_text("something else")
    assert least_cosine(embed(reference.folders["default"], "fast", tmp_path), first) > 0.9999
