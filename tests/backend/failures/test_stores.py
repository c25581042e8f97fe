"""A store that is away or frozen: what still answers, and what is said."""

from __future__ import annotations

import signal
import time
from uuid import uuid4

from tests.backend.census import census, swept
from tests.backend.documents.test_documents import points_of, post, text_of
from tests.backend.failures.breaking import frozen, until
from tests.backend.world import World


def test_without_qdrant_a_document_is_refused_and_a_deletion_is_kept_for_later(data: World) -> None:
    kept, gone = (post(data, text=text_of())[1]["id"] for _ in range(2))
    text = text_of()
    data.stores.qdrant.stop(signal.SIGKILL)
    try:
        status, result = post(data, text=text)
        assert (status, result["service"]) == (503, "qdrant")
        with data.client("writer") as client:
            response = client.delete(f"/documents/{gone}")
            assert (response.status_code, response.json()) == (202, {"id": gone, "state": "deleting"})
            assert client.get(f"/documents/{gone}").status_code == 404
            assert client.get(f"/documents/{kept}").status_code == 200
            assert client.get("/search", params={"q": "x"}).status_code == 503
    finally:
        data.stores.qdrant.start()
    assert post(data, text=text)[0] == 201
    for _ in range(2):
        swept(data)
    assert points_of(data, gone) == []
    assert len(points_of(data, kept)) == 1


def test_without_postgres_nothing_is_written_to_qdrant(data: World) -> None:
    before = census(data)
    data.stores.postgres.stop(signal.SIGKILL)
    try:
        status, result = post(data, text=text_of())
    finally:
        data.stores.postgres.start()
    assert (status, result["status"]) == (503, 503)
    assert census(data) == before


def test_without_redis_everything_answers_and_says_so(data: World) -> None:
    text = str(uuid4())
    data.stores.redis.stop(signal.SIGKILL)
    try:
        with data.client("writer") as client:
            for _ in range(3):
                response = client.post("/embed", json={"texts": [text]})
                assert (response.status_code, response.headers["x-cache"]) == (
                    200,
                    "hits=0, misses=1, rate=0.00, state=down",
                )
            assert client.get("/search", params={"q": text}).status_code == 200
            assert client.post("/documents", json={"text": text}).status_code == 201
    finally:
        data.stores.redis.start()
    with data.client("writer") as client:
        until(lambda: "hits=1" in client.post("/embed", json={"texts": [text]}).headers["x-cache"])


def test_a_frozen_redis_costs_a_caller_a_moment_once(data: World) -> None:
    with data.client("reader") as client, frozen(data.stores.redis):
        took = []
        for _ in range(4):
            began = time.monotonic()
            assert client.post("/embed", json={"texts": [str(uuid4())]}).status_code == 200
            took.append(time.monotonic() - began)
    assert min(took[1:]) < took[0] / 2
