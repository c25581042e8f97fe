"""The engine's own reports: health, info, metrics."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from functools import cache
from importlib import metadata

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from backend.engine.batcher import Batcher
from backend.engine.device import Device
from backend.engine.embed import MOST_TEXTS
from omnimind_ops import __version__
from omnimind_ops.observe import nvml

PACKAGES = ("openvino", "tokenizers", "numpy", "torch", "transformers", "qiskit", "qiskit-aer", "qiskit-aer-gpu")


def health(device: Device, batcher: Batcher, mode: str) -> dict[str, object]:
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
    limits = {"texts": MOST_TEXTS, "batch_tokens": device.runner.batch_tokens}
    return {
        **health(device, batcher, mode),
        "limits": limits,
        "details": dict(device.runner.details),
        "quantum": quantum,
    }


@cache
def versions() -> dict[str, str]:
    """Return the versions of the relevant installed packages."""
    found = {"omnimind": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def metrics(device: Device, batcher: Batcher) -> bytes:
    """Return the body of GET /metrics, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Collector(device, batcher))
    return generate_latest(registry)


class _Collector:
    def __init__(self, device: Device, batcher: Batcher) -> None:
        self.device, self.batcher = device, batcher

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        load = self.batcher.load()
        yield CounterMetricFamily("omnimind_engine_texts", "Texts embedded", load.done_texts)
        yield CounterMetricFamily("omnimind_engine_tokens", "Tokens embedded", load.done_tokens)
        yield CounterMetricFamily("omnimind_engine_batches", "Batches calculated", load.batches)
        yield GaugeMetricFamily("omnimind_engine_queue_requests", "Requests that wait", load.requests)
        yield GaugeMetricFamily("omnimind_engine_queue_tokens", "Tokens that room is held for", load.tokens)
        yield GaugeMetricFamily(
            "omnimind_engine_tokens_per_second", "Tokens a second while it works", load.tokens_per_second
        )
        yield GaugeMetricFamily(
            "omnimind_engine_ready",
            "1 when it works where it should, 0 when degraded",
            float(self.device.state == "ready"),
        )
        yield GaugeMetricFamily(
            "omnimind_engine_proof_ok", "1 when the device has proven itself", float(self.device.proof.ok)
        )
