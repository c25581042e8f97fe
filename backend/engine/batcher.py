"""Batching: threads that run the device and take batches over all callers. The queue before them is limited in tokens.

There is one thread per stream of the runner: a GPU has one, a CPU one per core or per few cores. Streams wait neither
for more requests nor for each other: whatever arrives during a batch goes into the next one.

A collection window of 2 or 5 ms was measured with 16 callers of one short text each: it saves 4 % of the work, but each
lone caller pays the whole window. Starting and ending batches of all streams together leaves cores idle at the end of
each (docs/measurements.md).
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from backend.engine.batch import Item, fill, share
from backend.engine.request import Request
from backend.engine.runner import Runner
from backend.engine.tokeniser import Tokens

T = TypeVar("T")
QUEUE_TOKENS = 524_288
"""About 40 s of work for two cores, and 60 MB at most."""
LONGEST_WAIT = 60


class QueueFull(Exception):  # noqa: N818 an answer, not an error
    """The queue is full; `seconds` is the estimated time until it has room."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full; try again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Load:
    """The queue's contents, and totals since the start."""

    requests: int
    texts: int
    tokens: int
    limit: int
    batches: int
    done_texts: int
    done_tokens: int
    tokens_per_second: float


class Batcher:
    """Feeds one Runner. `embed` is called from the event loop; everything else runs in the streams' threads."""

    def __init__(self, runner: Runner, limit: int = 0) -> None:
        self.runner, self.limit = runner, limit or QUEUE_TOKENS
        self._waiting: list[Request] = []
        self._work: list[Callable[[], None]] = []
        self._change = threading.Condition()
        self._stopping = False
        self._clock = 0.0  # mean tokens served per waiting request: new requests start from here
        self._reserved = 0
        self._free = runner.streams  # idle streams
        self._batches = self._texts = self._tokens = 0
        self._busy = 1e-9  # seconds, over all streams
        self._threads = [
            threading.Thread(target=self._run, name=f"stream-{number}", daemon=True) for number in range(runner.streams)
        ]
        for thread in self._threads:
            thread.start()

    def reserve(self, tokens: int) -> None:
        """Reserve room in the queue for texts before they are tokenised. Raises Full if there is none.

        An empty queue accepts any size.
        """
        with self._change:
            reserved = self._reserved
            if reserved and reserved + tokens > self.limit:
                raise QueueFull(min(LONGEST_WAIT, math.ceil((reserved + tokens - self.limit) / self.rate)))
            self._reserved += tokens

    def release(self, tokens: int) -> None:
        """Release reserved room."""
        with self._change:
            self._reserved -= tokens

    @property
    def rate(self) -> float:
        """Return tokens per second with all streams working; a guess before the first batch."""
        return self._tokens * len(self._threads) / self._busy if self._tokens else 5000.0

    async def embed(self, tokens: Tokens) -> Request:
        """Return the finished request, or raise the runner's error.

        Cancelling it drops the texts that are not computed yet.
        """
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not finished.done():
                finished.set_result(None)

        def done(_: Request) -> None:
            loop.call_soon_threadsafe(wake)

        request = Request(tokens, self.runner.dimensions, done)
        with self._change:
            request.served = self._clock
            self._waiting.append(request)
            self._change.notify()
        try:
            await finished
        except asyncio.CancelledError:
            self._drop(request)
            raise
        if request.error:
            raise request.error
        return request

    async def between(self, work: Callable[[], T]) -> T:
        """Run `work` on a device thread, between two batches of its stream, and return its result."""
        answer: Future[T] = Future()

        def job() -> None:
            try:
                answer.set_result(work())
            except BaseException as error:  # any error belongs to the caller
                answer.set_exception(error)

        with self._change:
            self._work.append(job)
            self._change.notify()
        return await asyncio.wrap_future(answer)

    def load(self) -> Load:
        """Return the current load and totals."""
        with self._change:
            texts = sum(len(request.waiting) for request in self._waiting)
            speed = self.rate if self._tokens else 0.0
            return Load(
                len(self._waiting), texts, self._reserved, self.limit, self._batches, self._texts, self._tokens, speed
            )

    def close(self) -> None:
        """Finish the running batches, then release the device."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(30)
        self.runner.close()

    def _drop(self, request: Request) -> None:
        with self._change:
            request.cancelled = True
            request.waiting.clear()
            request.lengths.clear()
            if request in self._waiting:
                self._waiting.remove(request)

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._waiting or self._work or self._stopping):
                    self._change.wait()
                if self._stopping:
                    return
                work, self._work = self._work, []
                items = self._take()
                if self._waiting:
                    self._change.notify()  # there is work for another stream
            for job in work:
                job()
            if items:
                self._calculate(items)
                with self._change:
                    self._free += 1

    def _take(self) -> list[Item]:
        """Take a batch for this stream and mark the stream busy. The caller holds the lock."""
        if not self._waiting:
            return []
        callers, open_tokens = len(self._waiting), sum(request.waiting_tokens for request in self._waiting)
        budget = min(self.runner.batch_tokens, share(open_tokens, self._free))
        items = fill(self._waiting, budget, pads=self.runner.pads)
        self._waiting = [request for request in self._waiting if request.waiting]
        self._clock += sum(item.length for item in items) / callers
        self._free -= 1
        return items

    def _calculate(self, items: list[Item]) -> None:
        touched = dict.fromkeys(item.request for item in items)
        began = time.perf_counter()
        with self._change:
            for request in touched:
                request.begin(began)
        error: Exception | None = None
        try:
            # An array is read like a sequence.
            rows = self.runner.encode([item.request.tokens.ids[item.at] for item in items])  # type: ignore[misc]
            for row, item in zip(rows, items, strict=True):
                item.request.rows[item.at] = row
        except Exception as exception:  # the error belongs to this batch only; the stream continues
            error = exception
        ended = time.perf_counter()
        with self._change:
            for request in touched:
                request.end(ended)
            self._busy += ended - began
        if error and len(touched) > 1:  # one caller's text must not fail the others
            for _, request_items in groupby(
                sorted(items, key=lambda item: id(item.request)), key=lambda item: item.request
            ):
                self._calculate(list(request_items))
            return
        with self._change:
            self._batches += 1
            self._texts += len(items)
            self._tokens += sum(item.length for item in items)
            for item in items:
                item.request.open -= 1
            for request in touched:
                request.error = request.error or error
            finished = [request for request in touched if request.open == 0 or request.error]
            if error:
                self._waiting = [request for request in self._waiting if request not in touched]
        for request in finished:
            request.done(request)
