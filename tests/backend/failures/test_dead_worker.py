"""What a worker leaves that is killed while it writes."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx

from tests.backend.census import census, no_sweeping, swept
from tests.backend.documents.test_documents import points_of, post, text_of
from tests.backend.failures.breaking import frozen, until
from tests.backend.world import World


def _pending(data: World, title: str) -> str:
    """Wait for a pending document and return its id."""
    results: list[Any] = []

    def look() -> bool:
        with data.postgres() as link:
            results[:] = link.execute(
                "SELECT id FROM documents WHERE title = %s AND state = 'pending'", (title,)
            ).fetchall()
        return bool(results)

    until(look)
    return str(results[0][0])


def test_a_write_that_qdrant_carries_out_after_its_worker_died_is_cleared_up(data: World) -> None:
    post(data, text=text_of())  # this worker knows the collection
    mark, text = str(uuid4()), text_of(3)
    with no_sweeping(data):
        with frozen(data.stores.qdrant), ThreadPoolExecutor(1) as pool:
            call = pool.submit(post, data, text=text, title=mark)
            id_ = _pending(data, mark)
            time.sleep(0.3)  # the write is on its way
            data.workers[0].stop(signal.SIGKILL)
            assert isinstance(call.exception(), httpx.HTTPError)
        until(lambda: points_of(data, id_))  # carried out although nobody waits for it any more
        with data.client("reader", 1) as client:
            body = client.get("/search", params={"q": text[:500], "filter": f"title:{mark}"}).json()
        assert body["results"] == []
    swept(data, quarantine=60)
    assert points_of(data, id_) == []
    assert census(data).unfinished == 1  # kept for a while, should another write turn up
    swept(data)
    assert census(data).unfinished == 0
    data.workers[0].start()


def test_what_a_dead_worker_left_does_not_keep_the_same_document_from_being_added(data: World) -> None:
    post(data, text=text_of())  # this worker knows the collection
    mark, text = str(uuid4()), text_of(3)
    with frozen(data.stores.qdrant), ThreadPoolExecutor(1) as pool:
        call = pool.submit(post, data, text=text, title=mark)
        left = _pending(data, mark)
        data.workers[0].stop(signal.SIGKILL)
        assert call.exception()
    status, item = post(data, text=text, title=mark, worker=1)
    assert (status, item["created"], item["id"] != left) == (201, True, True)
    data.workers[0].start()
    for _ in range(2):
        swept(data)
    assert points_of(data, left) == []
    assert len(points_of(data, item["id"])) == item["chunks"]
