"""Selection of the GPU encoder: the packed one if it passes its proof at the start, otherwise that of transformers.

The proof compares an encoder's embeddings of the sample texts with the reference, which OpenVINO computes on the CPU.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import torch

from backend.engine import reference
from backend.engine.cpu import families, weights
from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder
from backend.engine.gpu import memory as torch_memory
from backend.engine.gpu import runner as torch_runner
from backend.engine.gpu.network import build, embed, encoders
from backend.engine.gpu.precision import AGREEMENT
from backend.engine.gpu.runner import TorchRunner
from backend.engine.runner import Options, Proof, Vectors
from backend.engine.tokeniser import Ids
from omnimind_ops.model.problem import Problem

FLOAT32 = 0.9999
"""Minimum cosine to the reference in float32."""
log = logging.getLogger(__name__)


def load(folder: Folder, options: Options, device: str = "cuda", *, half: bool = True) -> TorchRunner:
    """Return the model with the first encoder that passes its proof.

    Raises a Problem with the reason of each encoder if none does.
    """
    tensors = weights.read(folder.transformer)
    texts = reference.sample(folder)
    expected = _reference(folder, options, tensors, texts)
    failures: list[str] = []
    for name in encoders(folder):
        make = partial(torch_runner.load, folder, options, device, half=half, encoder=name, tensors=tensors)
        proven = _proven(make, partial(prove, texts=texts, expected=expected, mode=options.mode))
        if not isinstance(proven, str):
            return _selected(*proven, failures)
        failures.append(f"the {name} encoder {proven}")
        log.error("%s", failures[-1])
        with suppress(RuntimeError):  # the GPU is lost, as the next encoder will report
            torch_memory.give_back(torch.device(device))
    raise Problem(f"cannot embed with {folder.name} on the GPU", "; ".join(failures), "report it with the engine's log")


def _proven(make: Callable[[], TorchRunner], prove: Callable[[TorchRunner], Proof]) -> tuple[TorchRunner, Proof] | str:
    """Return the runner and its proof, or what failed. A failed runner is released on return."""
    try:
        runner = make()
        proof = prove(runner)
        if proof.ok:
            return runner, proof
        runner.close()
    except Exception as error:  # any failure of one encoder is a reason to try the next
        text = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        return f"failed: {text}" if isinstance(error, Problem) else f"failed: {type(error).__name__}: {text}"
    return f"failed its proof: {proof.detail}"


def prove(runner: TorchRunner, texts: Sequence[Ids], expected: Vectors, mode: str) -> Proof:
    """Compare the runner's embeddings with the expected ones: all texts in one call, and each by itself."""
    start = time.perf_counter()
    together = reference.cosine(runner.encode([ids.tolist() for ids in texts]), expected)
    lowest = min(together, reference.agreement(runner, texts, expected))
    required = _required(runner.precision, mode)
    detail = f"cosine {lowest:.6f} to the reference, {required:.4f} is required in {runner.precision}"
    return Proof(lowest >= required, runner.device, time.perf_counter() - start, detail)


def _required(precision: str, mode: str) -> float:
    """Return the minimum cosine to the reference.

    precision.py has compared half precision with the encoder's own float32, so both angles may add up.
    """
    if precision == "f32":
        return FLOAT32
    return math.cos(math.acos(AGREEMENT[mode]) + math.acos(FLOAT32))


def _selected(runner: TorchRunner, proof: Proof, failures: Sequence[str]) -> TorchRunner:
    passed = f"the {runner.encoder} encoder passed its proof: {proof.detail}"
    runner.encoder_reason = "; ".join([*failures, passed])
    log.log(logging.WARNING if failures else logging.INFO, "embedding with the %s encoder: %s", runner.encoder, passed)
    return runner


def _reference(folder: Folder, options: Options, tensors: Weights, texts: Sequence[Ids]) -> Vectors:
    """Return the float32 embeddings of the sample: cached, computed by OpenVINO, or by transformers on the CPU for a
    family that OpenVINO's graph does not support.
    """
    file = reference.path(options, tensors.digest(), folder)
    if saved := reference.read(file):
        return saved.rows
    if families.buildable(folder):
        from backend.engine.cpu import calibrate, graph

        return calibrate.calibrate(folder, graph.build(folder, tensors), (), file).rows
    cpu = torch.device("cpu")
    network = build(folder, tensors, "transformers", "f32", cpu)
    rows = np.concatenate([embed(network, cpu, [ids.tolist()]) for ids in texts])
    reference.save(file, reference.Reference(rows))
    return rows
