"""`python -m backend.engine.gpu.probe`: report whether the GPU works, as one line of JSON.

The exit code is 0 if it works, 1 if not. It is a separate process, because a broken driver can hang or kill its caller.
gate.py starts it with a time-out and reads the line.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, replace

from backend.engine.gpu import driver as gpu_driver
from backend.engine.gpu.errors import Fault, explain, missing, recognise
from backend.engine.gpu.gate import Probe


def main() -> int:
    """Probe, print the result, and return the exit code."""
    start = time.perf_counter()
    result = replace(probe(), seconds=round(time.perf_counter() - start, 3))
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
    sys.stdout.flush()
    return 0 if result.ok else 1


def probe() -> Probe:
    """Check the driver, then torch, then a computation on the GPU; stop at the first failure."""
    os.environ.setdefault("CUDA_MODULE_LOADING", "LAZY")
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return _no(
            Fault(
                None,
                "CUDA_VISIBLE_DEVICES is empty",
                "the GPU is hidden on purpose (CUDA_VISIBLE_DEVICES is empty)",
                "unset it to use the GPU",
            )
        )
    driver = gpu_driver.ask()
    if isinstance(driver, Fault):
        return _no(driver, Probe(False, driver=gpu_driver.version()))
    findings = Probe(False, driver=driver.version, driver_cuda="{}.{}".format(*driver.cuda))
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: one of its libraries does not load
        return _no(missing("torch", str(error)), findings)
    findings = replace(findings, torch=torch.__version__, torch_cuda=torch.version.cuda or "")
    if not findings.torch_cuda:
        return _no(recognise("Torch not compiled with CUDA enabled"), findings)
    if driver.cuda[0] < int(findings.torch_cuda.split(".")[0]):
        return _no(
            explain(
                35, f"the driver runs CUDA {findings.driver_cuda}, torch {findings.torch} needs {findings.torch_cuda}"
            ),
            findings,
        )
    return _work(findings)


def _work(findings: Probe) -> Probe:
    from backend.engine.gpu import card as torch_card
    from backend.engine.gpu import proof as torch_proof
    from omnimind_ops.model.problem import Problem

    try:
        card = torch_card.find("cuda")
    except Problem as problem:
        return _no(recognise(str(problem.__cause__)), findings)
    findings = replace(
        findings,
        device="cuda",
        name=card.name,
        capability="{}.{}".format(*card.capability),
        vram_total=card.memory,
        vram_free=card.free,
    )
    proof = torch_proof.prove("cuda")
    if not proof.ok:
        return _no(recognise(proof.detail), findings)
    try:
        return replace(findings, ok=True, fp16_ok=torch_proof.half_convolution("cuda"))
    except RuntimeError as error:  # cuDNN is missing or does not fit; embedding does not need it
        return replace(findings, ok=True, error=recognise(str(error)))


def _no(fault: Fault, findings: Probe | None = None) -> Probe:
    return replace(findings or Probe(False, driver=gpu_driver.version()), error=fault)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # a normal exit shuts CUDA down, where a broken driver hangs
