"""Roles that need a process of their own:

`python -m tests.gpu.child ROLE MODEL DEVICE COUNT` prints JSON. Those of memory.py then wait for their input to close.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from backend.engine.gpu import gate as gpu_gate
from backend.engine.gpu import runner as torch_runner
from backend.engine.runner import Options
from omnimind_ops.model.problem import Problem
from tests.gpu.setting import Setting, has


def context(_: Setting) -> dict[str, object]:
    """Nothing but a CUDA context."""
    return {"sum": float(torch.ones(1, device="cuda").sum())}


def worker(setting: Setting) -> dict[str, object]:
    """A web worker as it is without an engine: its own context, torch and model."""
    if has("sentence_transformers"):
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(setting.model), device=setting.device)
        return _held(model, len(model.encode(setting.corpus[:200])))
    return engine(setting)


def engine(setting: Setting) -> dict[str, object]:
    """The engine's runner after some work."""
    runner = torch_runner.load(setting.folder, Options(), setting.device)
    return _held(runner, len(runner.encode(setting.ids)))


_KEPT: list[object] = []


def _held(owner: object, rows: int) -> dict[str, object]:
    _KEPT.append(owner)
    return {
        "rows": rows,
        "rss_mb": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20,
    }


def full(setting: Setting) -> dict[str, object]:
    """A card with little memory left: batches are halved, answers stay the same."""
    runner = torch_runner.load(setting.folder, Options(mode="exact", batch_tokens=32768), "cuda")
    ids = [item for _ in range(10) for item in setting.ids]
    before = runner.encode(ids)
    torch.cuda.empty_cache()
    total, used = torch.cuda.mem_get_info()[1], torch.cuda.memory_reserved()
    torch.cuda.set_per_process_memory_fraction((used + (96 << 20)) / total)
    rows = runner.encode(ids)
    torch.cuda.set_per_process_memory_fraction(1.0)
    return {
        "ran_out": runner.details["memory_ran_out"],
        "batch_tokens": runner.batch_tokens,
        "cosine": float((rows * before).sum(1).min()),
    }


def crowded(setting: Setting) -> dict[str, object]:
    """A card whose memory another holds: loading is refused in words, or works; the process lives either way."""
    held, free = [], torch.cuda.mem_get_info()[0]
    while free > 64 << 20:
        held.append(torch.empty(free - (48 << 20), dtype=torch.uint8, device="cuda"))
        free = torch.cuda.mem_get_info()[0]
    try:
        torch_runner.load(setting.folder, Options(mode="exact"), "cuda")
        result = "loaded"
    except Problem as problem:
        result = str(problem)
    held.clear()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.0)
    return {
        "said": result,
        "after": torch_runner.load(setting.folder, Options(mode="exact"), "cuda").encode([[101, 102]]).shape[0],
    }


def dead(setting: Setting) -> dict[str, object]:
    """A kernel that fails takes the card from this process: calls are refused in words, the process lives."""
    runner = torch_runner.load(setting.folder, Options(mode="exact"), "cuda")
    torch.zeros(4, device="cuda")[torch.tensor([10], device="cuda")]  # out of bounds: a device-side assert
    try:
        runner.encode([[101, 102]])
        result = "went through"
    except Problem as problem:
        result = f"{problem} · {problem.fix}"
    return {"said": result, "proof": torch_runner.prove("cuda").ok, "detail": torch_runner.prove("cuda").detail}


def stuck(_: Setting) -> dict[str, object]:
    """A card that is busy for half a minute: prove() gives up after ten seconds, and the card is good again later."""
    assert torch_runner.prove("cuda").ok
    torch.cuda._sleep(1 << 36)  # some 40 s at 1.7 GHz
    start = time.monotonic()
    proof = torch_runner.prove("cuda")
    waited = time.monotonic() - start
    torch.cuda.synchronize()
    return {
        "ok": proof.ok,
        "waited": waited,
        "detail": proof.detail,
        "busy": time.monotonic() - start,
        "after": torch_runner.prove("cuda").ok,
    }


def hidden(setting: Setting) -> dict[str, object]:
    """No card is visible: the gate says so, loading onto it is refused, the CPU does the work."""
    probe = gpu_gate.ask()
    try:
        torch_runner.load(setting.folder, Options(), "cuda")
        result = "loaded"
    except Problem as problem:
        result = str(problem)
    rows = torch_runner.load(setting.folder, Options(mode="exact"), "cpu").encode(setting.ids[:8])
    return {"probe": probe.ok, "reason": probe.reason, "said": result, "finite": bool(np.isfinite(rows).all())}


ROLES: dict[str, Callable[[Setting], dict[str, object]]] = {
    item.__name__: item for item in (context, worker, engine, full, crowded, dead, stuck, hidden)
}
WAITING = ("context", "worker", "engine")

if __name__ == "__main__":
    role = sys.argv[1]
    print(json.dumps(ROLES[role](Setting(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))), flush=True)
    if role in WAITING:
        sys.stdin.read()
    os._exit(0)
