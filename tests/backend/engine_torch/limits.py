"""What the runner does where something runs out or overflows."""

from __future__ import annotations

import resource
import shutil
from functools import partial
from pathlib import Path

import numpy as np
from agreement import cosine
from safetensors.torch import load_file, save_file

from backend.engine import folder
from backend.engine.cpu import weights
from backend.engine.gpu import card as torch_card
from backend.engine.gpu import network as torch_network
from backend.engine.gpu import runner as torch_runner
from backend.engine.gpu.precision import Choice
from backend.engine.runner import Options
from omnimind_ops.model.problem import Problem

MEBIBYTE = 1 << 20
LEFT = 80 * MEBIBYTE
"""Enough for some thousand tokens, not for 12 000."""


def memory(model: Path, _: Path) -> dict[str, object]:
    """Embed under a real limit of this process's memory, then without it again."""
    runner = torch_runner.load(folder.read(model), Options(mode="exact", batch_tokens=12288), "cpu")
    ids = [[101, *[2000 + number] * 100, 102] for number in range(120)]
    expected = runner.encode(ids[:8])
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LEFT, resource.RLIM_INFINITY))
    rows = runner.encode(ids)
    shrunk, ran_out = runner.batch_tokens, runner.details["memory_ran_out"]
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for _again in range(40):
        after = runner.encode(ids[:8])
    return {
        "cosine": cosine(rows[:8], expected),
        "ran_out": ran_out,
        "shrunk": shrunk,
        "grown": runner.batch_tokens,
        "after": cosine(after, expected),
        "rows": len(rows),
    }


def overflow(model: Path, where: Path) -> dict[str, object]:
    """A model with one word whose vector is beyond half precision's largest number, 65504; the sample of texts does not
    hold that word.
    """
    rare, made = 29000, where / "large"
    shutil.copytree(model, made)
    tensors = load_file(made / "model.safetensors")
    name = next(tensor for tensor in tensors if tensor.endswith("word_embeddings.weight"))
    tensors[name][rare] *= 1e6
    save_file(tensors, made / "model.safetensors")
    result, card = folder.read(made), torch_card.find("cpu")
    make = partial(torch_network.build, result, weights.read(made), "packed", device=card.device)
    half, full = (
        torch_runner.TorchRunner(result, card, Choice(make(precision), 1.0, "chosen by this test"), make, "0" * 16)
        for precision in ("f16", "f32")
    )
    ids = [[101, 2023, 102], [101, rare, 102], [101, 2003, 2003, 102]]
    rows = half.encode(ids)
    again = half.details["texts_calculated_again_in_f32"]
    return {
        "cosine": cosine(rows, full.encode(ids)),
        "again": again,
        "finite": bool(np.isfinite(rows).all()),
        "precision": half.precision,
    }


def refused(model: Path, where: Path) -> dict[str, object]:
    """What is wrong in the texts or the folder is said, and the next call works."""
    result = folder.read(model)
    runner = torch_runner.load(result, Options(mode="exact"), "cpu")
    attempts = {
        "no tokens": partial(runner.encode, [[101, 102], []]),
        "too long": partial(runner.encode, [[101] * 257]),
        "unknown token": partial(runner.encode, [[101, 30522, 102]]),
        "no card": partial(torch_runner.load, result, None, "cuda"),
    }
    results = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            results[name] = "went through"
        except Problem as problem:
            results[name] = f"{problem} · {problem.fix}"
    return {"said": results, "after": list(runner.encode([[101, 102]]).shape), "gpu": torch_runner.prove("cuda")}
