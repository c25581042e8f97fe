"""Optimizers that wait for a write after a start are started; the settings stay."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import numpy
import pytest

from omnimind_ops.stores.qdrant.client import QdrantEndpoint, collection_info, connect
from omnimind_ops.stores.qdrant.wake import SLEEPING, wake_optimizers
from tests import qdrant
from tests.qdrant import Server

NAME, COUNT, SIZE = "c", 4_000, 64


def status(endpoint: QdrantEndpoint) -> str:
    with connect(endpoint) as client:
        return str(collection_info(client, NAME)["status"])


def fill(server: Server) -> None:
    """A collection that needs an index."""
    body = {
        "vectors": {"size": SIZE, "distance": "Cosine"},
        "optimizers_config": {"indexing_threshold": 100, "default_segment_number": 1},
    }
    vectors = numpy.random.default_rng(7).normal(size=(COUNT, SIZE)).astype("float32")
    httpx.put(f"{server.url}/collections/{NAME}", json=body).raise_for_status()
    points = [{"id": number, "vector": vector.tolist()} for number, vector in enumerate(vectors)]
    httpx.put(
        f"{server.url}/collections/{NAME}/points?wait=true", json={"points": points}, timeout=60
    ).raise_for_status()


def test_waiting_optimizers_are_started(tmp_path: Path) -> None:
    server = Server(tmp_path / "q").start()
    fill(server)
    server.stop()
    server.start()
    endpoint = QdrantEndpoint(server.url)
    try:
        waiting = status(endpoint) == SLEEPING
        if qdrant.real() and not waiting:
            pytest.fail(f"the real server is {status(endpoint)}")
        assert wake_optimizers(endpoint) == ((NAME,) if waiting else ())
        end = time.monotonic() + 60
        while status(endpoint) != "green":
            assert time.monotonic() < end, status(endpoint)
            time.sleep(0.1)
        assert wake_optimizers(endpoint) == ()
        with connect(endpoint) as client:
            assert collection_info(client, NAME)["config"]["optimizer_config"]["indexing_threshold"] == 100
    finally:
        server.kill()
