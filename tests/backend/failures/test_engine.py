"""An engine that restarts, stays away or comes back with another model."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import numpy as np

from tests.backend.failures.breaking import until
from tests.backend.world import World


def test_an_engine_that_restarts_is_waited_for(data: World) -> None:
    texts = [str(uuid4()) for _ in range(3)]
    with data.client("reader") as client, ThreadPoolExecutor(1) as pool:
        until(lambda: "hits=1" in client.post("/embed", json={"texts": ["known"]}).headers["x-cache"])
        data.engine.stop(signal.SIGKILL)
        assert (
            client.post("/embed", json={"texts": ["known"]}).headers["x-cache"].startswith("hits=1")
        )  # the cache answers meanwhile
        call = pool.submit(client.post, "/embed", json={"texts": texts})
        time.sleep(0.5)
        data.engine.start()
        assert call.result().status_code == 200


def test_an_engine_that_stays_away_is_a_503_that_says_when_to_come_back(data: World) -> None:
    data.engine.stop(signal.SIGKILL)
    try:
        with data.client("reader") as client:
            response = client.post("/v1/embeddings", json={"input": str(uuid4())})
    finally:
        data.engine.start()
    assert (response.status_code, response.json()["service"], response.json()["error"]["type"]) == (
        503,
        "engine",
        "server_error",
    )
    assert int(response.headers["retry-after"]) > 0


def test_embeddings_of_two_models_are_never_mixed(data: World) -> None:
    """The same model in another precision is another model: its numbers differ."""
    texts = [str(uuid4()) for _ in range(3)]
    with data.client("reader") as client:
        before = client.post("/embed", json={"texts": texts[:2]})
        variables = data.engine.env
        assert variables is not None
        data.engine.stop()
        variables["OMNIMIND_MODE"] = (
            "exact" if client.get("/v1/models").json()["data"][0]["precision"] != "f32" else "fast"
        )
        try:
            data.engine.start()
            after = client.post("/embed", json={"texts": texts})
            anew = client.post("/embed", json={"texts": texts}, headers={"cache-control": "no-store"})
        finally:
            data.engine.stop()
            del variables["OMNIMIND_MODE"]
            data.engine.start()
    assert after.headers["x-model-digest"] != before.headers["x-model-digest"]
    assert after.headers["x-cache"] == "hits=0, misses=3, rate=0.00"
    item, other = (np.array(entry.json()["embeddings"]) for entry in (after, anew))
    assert np.abs(item - other).max() < 1e-4
