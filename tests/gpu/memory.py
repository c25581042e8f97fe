"""Memory of the card: one engine for all, or a context and a model in each of six workers."""

from __future__ import annotations

import os
import subprocess
import time

import torch

from tests.gpu.outcome import Outcome
from tests.gpu.setting import ROOT, Setting, command, has

WORKERS = 6


def check(setting: Setting) -> Outcome:
    """What each way takes from the card, as the card itself counts it."""
    torch.ones(1, device="cuda")  # this process's own context is there before and after
    engine = _taken("engine", setting, 1)
    bare = _taken("context", setting, WORKERS)
    six = _taken("worker", setting, WORKERS)
    numbers = {"vram_engine_mb": engine, "vram_six_contexts_mb": bare, "vram_six_workers_mb": six}
    detail = f"one engine takes {engine} MB; {WORKERS} bare contexts {bare} MB; {WORKERS} workers with their own model {six} MB"
    return Outcome("memory", "ok" if engine < bare or engine < six else "failed", detail, numbers)


def _taken(role: str, setting: Setting, count: int) -> int:
    """MB that so many children hold while they wait."""
    before = _used()
    environment = {**os.environ, "CUDA_MODULE_LOADING": "LAZY", "HF_HUB_OFFLINE": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    children = [subprocess.Popen(command(role, setting), cwd=ROOT, env=environment, **pipes) for _ in range(count)]
    try:
        for item in children:
            if not _said(item):
                raise RuntimeError(f"{role} ended with {item.wait()}")
        time.sleep(0.5)
        return (_used() - before) >> 20
    finally:
        for item in children:
            item.communicate(timeout=60)


def _said(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout
    return any(line.startswith(b"{") for line in iter(process.stdout.readline, b""))


def _used() -> int:
    """Bytes that all processes hold on the card, by NVML where it is, else by CUDA."""
    if has("pynvml"):
        import pynvml

        pynvml.nvmlInit()
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).used)
        finally:
            pynvml.nvmlShutdown()
    free, total = torch.cuda.mem_get_info()
    return int(total - free)
