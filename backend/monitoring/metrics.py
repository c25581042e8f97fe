"""This worker's Prometheus metrics.

Every series has a port and a worker label: the workers of a port share a socket, so a scrape reaches any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.settings import Settings

if TYPE_CHECKING:
    from backend.clients.pools import Pools

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
X_CACHE = re.compile(r"(hits|misses)=(\d+)")
WHO = ("port", "worker")


class Metrics:
    """The metrics of one worker, in a separate registry."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        self.who = (str(settings.port), settings.worker)
        labels = (*WHO, "method", "route")
        self._requests = Counter(
            "omnimind_requests", "Answers, by route template.", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "omnimind_request_seconds", "Time to the end of an answer.", labels, buckets=SECONDS, registry=self.registry
        )
        self._cache = Counter(
            "omnimind_cache", "Embeddings looked up in the cache.", (*WHO, "result"), registry=self.registry
        )
        self.sockets = Gauge(
            "omnimind_telemetry_sockets", "Open telemetry WebSockets.", WHO, registry=self.registry
        ).labels(*self.who)

    def request(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Count one response; `status` 0 means that none was sent.

        A path without a route is not used as a label, because callers could create any number of them.
        """
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope.get("method", "WEBSOCKET") if scope.get("route") else "any"
        self._requests.labels(*self.who, method, route, str(status)).inc()
        if scope["type"] == "http":
            self._seconds.labels(*self.who, method, route).observe(seconds)

    def cache(self, header: str) -> None:
        """Count an X-Cache header: "hits=3, misses=1"."""
        for result, count in X_CACHE.findall(header):
            self._cache.labels(*self.who, result).inc(int(count))

    def watch(self, pools: Pools) -> None:
        """Add the metrics of the pools."""
        self.registry.register(_PoolStats(pools, self.who))

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _PoolStats(Collector):
    """Numbers of the PostgreSQL pool, read at each scrape."""

    NAMES = ("pool_size", "pool_available", "requests_waiting", "requests_num", "requests_errors", "connections_errors")

    def __init__(self, pools: Pools, who: tuple[str, str]) -> None:
        self.pools, self.who = pools, who

    def collect(self) -> Iterable[Metric]:
        """Yield one gauge, with a series for each number of the pool."""
        gauge = GaugeMetricFamily("omnimind_postgres_pool", "psycopg_pool's own numbers.", labels=(*WHO, "number"))
        stats = self.pools.postgres.get_stats()
        for name in self.NAMES:
            gauge.add_metric((*self.who, name), stats.get(name, 0))
        yield gauge
