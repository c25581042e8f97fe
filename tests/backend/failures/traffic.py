"""Callers who write all the time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from tests.backend.documents.test_documents import post, text_of
from tests.backend.world import World


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
                status, result = post(self.data, worker=number % 2, text=text_of(5 + number * 30))
            except httpx.HTTPError:
                status, result = 0, {}
            self.statuses[status] += 1
            if status == 201:
                self._keep_or_delete(result["id"], number)

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
