"""The engine's health report, and the constant facts of GET /info."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from functools import cache
from importlib import metadata

from backend.engine.batcher import Batcher
from backend.engine.device import Device
from backend.engine.embed import MAX_TEXTS
from omnimind_ops import __version__
from omnimind_ops.observe import nvml

PACKAGES = ("openvino", "tokenizers", "numpy", "torch", "transformers", "qiskit", "qiskit-aer", "qiskit-aer-gpu")


def report(device: Device, batcher: Batcher, mode: str) -> dict[str, object]:
    """Return the body of GET /health. It queries the driver, so call it outside the event loop."""
    runner, load, proof = device.runner, batcher.load(), device.proof
    return {
        "state": device.state,
        "device": device.name,
        "expected": device.expected,
        "reason": device.reason,
        "model": runner.name,
        "model_digest": runner.digest,
        "dimensions": runner.dimensions,
        "max_tokens": runner.max_tokens,
        "encoder": runner.encoder,
        "precision": runner.precision,
        "mode": mode,
        "proof": {
            "ok": proof.ok,
            "device": proof.device,
            "seconds": proof.seconds,
            "age_s": round(time.monotonic() - device.proven_at, 1),
            "detail": proof.detail,
        },
        "queue": {"requests": load.requests, "texts": load.texts, "tokens": load.tokens, "limit_tokens": load.limit},
        "gpu": nvml.usage() or None,
        "pid": os.getpid(),
        "versions": versions(),
    }


def info(device: Device, batcher: Batcher, mode: str, quantum: object) -> dict[str, object]:
    """Return the body of GET /info: the health report and the constant facts."""
    limits = {"texts": MAX_TEXTS, "batch_tokens": device.runner.batch_tokens}
    return {
        **report(device, batcher, mode),
        "limits": limits,
        "details": dict(device.runner.details),
        "quantum": quantum,
    }


@cache
def versions() -> dict[str, str]:
    """Return the versions of the relevant installed packages."""
    installed = {"omnimind": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            installed[name] = metadata.version(name)
    return installed
