"""The engine's metrics in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from backend.engine.batcher import Batcher
from backend.engine.device import Device


def render(device: Device, batcher: Batcher) -> bytes:
    """Return the body of GET /metrics."""
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
        yield CounterMetricFamily("omnimind_engine_batches", "Batches computed", load.batches)
        yield GaugeMetricFamily("omnimind_engine_queue_requests", "Waiting requests", load.requests)
        yield GaugeMetricFamily("omnimind_engine_queue_tokens", "Tokens reserved in the queue", load.tokens)
        yield GaugeMetricFamily(
            "omnimind_engine_tokens_per_second", "Tokens per second while computing", load.tokens_per_second
        )
        yield GaugeMetricFamily(
            "omnimind_engine_ready",
            "1 if it runs on the expected device, 0 if degraded",
            float(self.device.state == "ready"),
        )
        yield GaugeMetricFamily(
            "omnimind_engine_proof_ok", "1 if the last self-test passed", float(self.device.proof.ok)
        )
