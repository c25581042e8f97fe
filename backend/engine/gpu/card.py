"""The GPU: its name, its usable precisions, and the engine's share of its memory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import torch

from backend.engine.gpu.errors import recognise
from omnimind_ops.model.problem import Problem

_NO_TENSOR_CORES = re.compile(r"GTX 16\d\d|\bMX[45]50\b|\bT(400|500|550|600|1000|1200|2000)\b")
"""Turing GPUs without tensor cores, which the compute capability 7.5 does not show. Half precision gives NaN on them
(github.com/pytorch/pytorch/issues/58123).
"""
_MIN_BUDGET = 1 << 30


@dataclass(frozen=True)
class Card:
    """One device; memory in bytes (0 on a CPU).

    `half` are the half precisions worth trying, best first; `why_not` is the reason if there are none.
    """

    device: torch.device
    name: str
    capability: tuple[int, int]
    memory: int
    free: int
    half: tuple[str, ...]
    why_not: str = ""


def find(name: str) -> Card:
    """Return the GPU (or the CPU, for "cpu"), initialised. Raises a Problem if no GPU works."""
    if name == "cpu":
        return Card(
            torch.device("cpu"), "CPU", (0, 0), 0, 0, ("bf16",) if _bf16() else (), "it has no instructions for bf16"
        )
    os.environ.setdefault("CUDA_MODULE_LOADING", "LAZY")  # a context takes 287 MB instead of 667
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    try:
        torch.cuda.init()
        selected = torch.device("cuda", torch.cuda.current_device())
        properties = torch.cuda.get_device_properties(selected)
        free, memory = torch.cuda.mem_get_info(selected)
    except (RuntimeError, AssertionError) as error:  # AssertionError: this torch was built without CUDA
        fault = recognise(str(error))
        raise Problem("cannot use the GPU", fault.meaning, fault.fix) from error
    capability = (properties.major, properties.minor)
    half, why_not = precisions(properties.name, capability)
    return Card(selected, properties.name, capability, memory, free, half, why_not)


def _bf16() -> bool:
    """Return whether this CPU computes in bf16; False if this torch cannot tell."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())


def precisions(name: str, capability: tuple[int, int]) -> tuple[tuple[str, ...], str]:
    """Return the half precisions worth measuring on this GPU, best first, and the reason if there are none."""
    if _NO_TENSOR_CORES.search(name):
        return (), f"half precision gives NaN on {name}"
    if capability < (7, 0):
        return (), f"{name} has no tensor cores, so that half precision is slow"
    return (("f16", "bf16") if capability >= (8, 0) else ("f16",)), ""


def settle(card: Card) -> int:
    """Set torch's policies for this process. Return the total bytes it may use on the GPU (0 on a CPU).

    float32 means float32: TF32, which keeps 10 of 23 bits, stays off. The engine takes half of the free memory (at
    least 1 GiB); the rest is for quantum runs and the desktop.
    """
    torch.set_float32_matmul_precision("highest")
    if card.device.type == "cpu":
        return 0
    budget = int(torch.cuda.memory_reserved(card.device)) + min(max(card.free // 2, _MIN_BUDGET), card.free)
    torch.cuda.set_per_process_memory_fraction(budget / card.memory, card.device)
    return budget
