"""Stores, engine and workers killed and frozen while documents are added and deleted: afterwards both sides hold the same."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import psutil
import pytest

from tests.backend.data.census import census, no_sweeping, swept
from tests.backend.data.test_documents import points_of, post, text_of
from tests.backend.world import World, world
from tests.services import Process, Services

FROZEN_SECONDS = 3.0


@pytest.fixture(scope="module")
def data(stores: Services) -> Iterator[World]:
    """A world of its own: here workers and engine are killed too."""
    with world(stores, "failures") as running:
        yield running


@pytest.fixture(autouse=True)
def settled(data: World) -> Iterator[None]:
    """What one test broke is no burden for the next."""
    yield
    data.settle()


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Stop a server and all its children in the middle of whatever they do."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        one.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for one in family:
            one.send_signal(signal.SIGCONT)


def kill(process: Process) -> None:
    process.stop(signal.SIGKILL)
    time.sleep(0.5)
    process.start()


def freeze(process: Process) -> None:
    with frozen(process):
        time.sleep(FROZEN_SECONDS)


BREAKS: dict[str, Callable[[World], None]] = {
    "qdrant killed": lambda data: kill(data.stores.qdrant),
    "qdrant frozen": lambda data: freeze(data.stores.qdrant),
    "postgres killed": lambda data: kill(data.stores.postgres),
    "postgres frozen": lambda data: freeze(data.stores.postgres),
    "redis killed": lambda data: kill(data.stores.redis),
    "redis frozen": lambda data: freeze(data.stores.redis),
    "engine killed": lambda data: kill(data.engine),
    "engine frozen": lambda data: freeze(data.engine),
    "worker killed": lambda data: kill(data.workers[0]),
    "worker frozen": lambda data: freeze(data.workers[0]),
}
UNNOTICED = ("redis killed", "redis frozen", "qdrant frozen", "engine frozen", "worker frozen")
"""Nobody's request fails for these."""


class Traffic:
    """Four callers who add documents of some chunks and delete every third of them."""

    def __init__(self, data: World) -> None:
        self.data = data
        self.statuses: Counter[int] = Counter()
        self.kept: set[str] = set()
        self.deleted: set[str] = set()
        self.done = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(4) as pool:
            callers = [pool.submit(self._call, number) for number in range(4)]
            try:
                yield
            finally:
                self.done.set()
        for caller in callers:
            caller.result()

    def _call(self, number: int) -> None:
        while not self.done.is_set():
            try:
                status, said = post(self.data, worker=number % 2, text=text_of(5 + number * 30))
            except httpx.HTTPError:
                status, said = 0, {}
            self.statuses[status] += 1
            if status == 201:
                self._keep_or_delete(said["id"], number)

    def _keep_or_delete(self, id_: str, number: int) -> None:
        self.kept.add(id_)
        if self.statuses[201] % 3:
            return
        self.kept.discard(id_)
        try:
            with self.data.client("writer", number % 2) as client:
                status = client.delete(f"/documents/{id_}").status_code
        except httpx.HTTPError:
            status = 0
        self.statuses[status] += 1
        if status in (202, 204):
            self.deleted.add(id_)


@pytest.mark.parametrize("what", BREAKS)
def test_nothing_is_orphaned_or_lost_when(data: World, what: str) -> None:
    traffic = Traffic(data)
    with traffic.running():
        time.sleep(1)
        BREAKS[what](data)
        time.sleep(1)
    allowed = {201, 204, 202} if what in UNNOTICED else {201, 204, 202, 404, 503, 0} if "worker" in what else {201, 204, 202, 404, 503}
    assert set(traffic.statuses) <= allowed
    assert traffic.statuses[201] > 0
    for _ in range(2):  # points are deleted, then once more, and the tombstones with them
        swept(data)
    counted = census(data)
    assert (counted.orphans, counted.lost, counted.unfinished) == (frozenset(), frozenset(), 0)
    with data.postgres() as link:
        ready = {str(id_) for (id_,) in link.execute("SELECT id FROM documents WHERE state = 'ready'").fetchall()}
    assert traffic.kept <= ready
    assert not traffic.deleted & ready


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
        _until(lambda: points_of(data, id_))  # carried out although nobody waits for it any more
        with data.client("reader", 1) as client:
            found = client.get("/search", params={"q": text[:500], "filter": f"title:{mark}"}).json()
        assert found["results"] == []
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
    status, one = post(data, text=text, title=mark, worker=1)
    assert (status, one["created"], one["id"] != left) == (201, True, True)
    data.workers[0].start()
    for _ in range(2):
        swept(data)
    assert points_of(data, left) == []
    assert len(points_of(data, one["id"])) == one["chunks"]


def test_without_qdrant_a_document_is_refused_and_a_deletion_is_kept_for_later(data: World) -> None:
    kept, gone = (post(data, text=text_of())[1]["id"] for _ in range(2))
    text = text_of()
    data.stores.qdrant.stop(signal.SIGKILL)
    try:
        status, said = post(data, text=text)
        assert (status, said["service"]) == (503, "qdrant")
        with data.client("writer") as client:
            told = client.delete(f"/documents/{gone}")
            assert (told.status_code, told.json()) == (202, {"id": gone, "state": "deleting"})
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
        status, said = post(data, text=text_of())
    finally:
        data.stores.postgres.start()
    assert (status, said["status"]) == (503, 503)
    assert census(data) == before


def test_without_redis_everything_answers_and_says_so(data: World) -> None:
    text = str(uuid4())
    data.stores.redis.stop(signal.SIGKILL)
    try:
        with data.client("writer") as client:
            for _ in range(3):
                said = client.post("/embed", json={"texts": [text]})
                assert (said.status_code, said.headers["x-cache"]) == (200, "hits=0, misses=1, rate=0.00, state=down")
            assert client.get("/search", params={"q": text}).status_code == 200
            assert client.post("/documents", json={"text": text}).status_code == 201
    finally:
        data.stores.redis.start()
    with data.client("writer") as client:
        _until(lambda: "hits=1" in client.post("/embed", json={"texts": [text]}).headers["x-cache"])


def test_a_frozen_redis_costs_a_caller_a_moment_once(data: World) -> None:
    with data.client("reader") as client, frozen(data.stores.redis):
        took = []
        for _ in range(4):
            began = time.monotonic()
            assert client.post("/embed", json={"texts": [str(uuid4())]}).status_code == 200
            took.append(time.monotonic() - began)
    assert min(took[1:]) < took[0] / 2


def test_an_engine_that_restarts_is_waited_for(data: World) -> None:
    texts = [str(uuid4()) for _ in range(3)]
    with data.client("reader") as client, ThreadPoolExecutor(1) as pool:
        _until(lambda: "hits=1" in client.post("/embed", json={"texts": ["known"]}).headers["x-cache"])
        data.engine.stop(signal.SIGKILL)
        assert client.post("/embed", json={"texts": ["known"]}).headers["x-cache"].startswith("hits=1")  # the cache answers meanwhile
        call = pool.submit(client.post, "/embed", json={"texts": texts})
        time.sleep(0.5)
        data.engine.start()
        assert call.result().status_code == 200


def test_an_engine_that_stays_away_is_a_503_that_says_when_to_come_back(data: World) -> None:
    data.engine.stop(signal.SIGKILL)
    try:
        with data.client("reader") as client:
            said = client.post("/v1/embeddings", json={"input": str(uuid4())})
    finally:
        data.engine.start()
    assert (said.status_code, said.json()["service"], said.json()["error"]["type"]) == (503, "engine", "server_error")
    assert int(said.headers["retry-after"]) > 0


def test_embeddings_of_two_models_are_never_mixed(data: World) -> None:
    """The same model in another precision is another model: its numbers differ."""
    texts = [str(uuid4()) for _ in range(3)]
    with data.client("reader") as client:
        before = client.post("/embed", json={"texts": texts[:2]})
        variables = data.engine.env
        assert variables is not None
        data.engine.stop()
        variables["OMNIMIND_MODE"] = "exact" if client.get("/v1/models").json()["data"][0]["precision"] != "f32" else "fast"
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
    one, other = (np.array(said.json()["embeddings"]) for said in (after, anew))
    assert np.abs(one - other).max() < 1e-4


def _pending(data: World, title: str) -> str:
    """Wait for a pending document and return its id."""
    found: list[Any] = []

    def look() -> bool:
        with data.postgres() as link:
            found[:] = link.execute("SELECT id FROM documents WHERE title = %s AND state = 'pending'", (title,)).fetchall()
        return bool(found)

    _until(look)
    return str(found[0][0])


def _until(done: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
