"""The threads that work the device: each takes batches over all callers for as long as anybody waits. The queue before
them is bounded in tokens.

There is one thread for each lane of the runner: a card has one, a processor one for each core or few. They wait for
nobody, nor for each other: what arrives during a batch is the next one. A window of 2 or 5 ms was tried with 16 callers
of one short text each: 4 % less work, and each lone caller paid the whole window. Batches that all lanes began and
ended together left cores idle at the end of each (docs/measurements.md).
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
from backend.engine.tokenise import Tokens

T = TypeVar("T")
QUEUE_TOKENS = 524_288
"""Some 40 s of work for two cores, and 60 MB at the most."""
LONGEST_WAIT = 60


class Full(Exception):  # noqa: N818 it is an answer, not a mistake
    """The queue has no room; `seconds` is when it should have some."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full; try again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Load:
    """What waits, and what was done since the start."""

    requests: int
    texts: int
    tokens: int
    limit: int
    batches: int
    done_texts: int
    done_tokens: int
    tokens_per_second: float


class Batcher:
    """Feeds one Runner. `embed` is called from the event loop; everything else happens in the lanes' threads."""

    def __init__(self, runner: Runner, limit: int = 0) -> None:
        self.runner, self.limit = runner, limit or QUEUE_TOKENS
        self._waiting: list[Request] = []
        self._work: list[Callable[[], None]] = []
        self._change = threading.Condition()
        self._stopping = False
        self._clock = 0.0  # tokens that each of those who waited has had on average: where newcomers queue in
        self._reserved = 0
        self._free = runner.lanes  # lanes that calculate nothing
        self._batches = self._texts = self._tokens = 0
        self._busy = 1e-9  # seconds, of all lanes together
        self._lanes = [
            threading.Thread(target=self._run, name=f"lane-{number}", daemon=True) for number in range(runner.lanes)
        ]
        for lane in self._lanes:
            lane.start()

    def reserve(self, tokens: int) -> None:
        """Take room in the queue for texts that are about to be tokenised; Full when there is none.

        An empty queue takes anything.
        """
        with self._change:
            held = self._reserved
            if held and held + tokens > self.limit:
                raise Full(min(LONGEST_WAIT, math.ceil((held + tokens - self.limit) / self.rate)))
            self._reserved += tokens

    def release(self, tokens: int) -> None:
        """Give room back."""
        with self._change:
            self._reserved -= tokens

    @property
    def rate(self) -> float:
        """Tokens a second while all lanes work; a guess before the first batch."""
        return self._tokens * len(self._lanes) / self._busy if self._tokens else 5000.0

    async def embed(self, tokens: Tokens) -> Request:
        """Return the finished request; raises what the runner raised.

        Cancelling it drops what has not been calculated yet.
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
        """Run something on a thread of the device, between two batches of its lane."""
        answer: Future[T] = Future()

        def job() -> None:
            try:
                answer.set_result(work())
            except BaseException as error:  # whatever it is, it belongs to whoever asked
                answer.set_exception(error)

        with self._change:
            self._work.append(job)
            self._change.notify()
        return await asyncio.wrap_future(answer)

    def load(self) -> Load:
        """Return what is going on."""
        with self._change:
            texts = sum(len(one.waiting) for one in self._waiting)
            speed = self.rate if self._tokens else 0.0
            return Load(
                len(self._waiting), texts, self._reserved, self.limit, self._batches, self._texts, self._tokens, speed
            )

    def close(self) -> None:
        """Stop after the batches under way, and give the device back."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        for lane in self._lanes:
            lane.join(30)
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
                    self._change.notify()  # enough for another lane
            for job in work:
                job()
            if items:
                self._calculate(items)
                with self._change:
                    self._free += 1

    def _take(self) -> list[Item]:
        """Take a batch for this lane, which counts as working from now on; under the lock."""
        if not self._waiting:
            return []
        callers, open_tokens = len(self._waiting), sum(one.waiting_tokens for one in self._waiting)
        budget = min(self.runner.batch_tokens, share(open_tokens, self._free))
        items = fill(self._waiting, budget, pads=self.runner.pads)
        self._waiting = [one for one in self._waiting if one.waiting]
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
            rows = self.runner.encode([item.request.tokens.ids[item.at] for item in items])  # type: ignore[misc]  # an array is read like a sequence
            for row, item in zip(rows, items, strict=True):
                item.request.rows[item.at] = row
        except Exception as caught:  # the next batch is another matter, and the lane goes on
            error = caught
        ended = time.perf_counter()
        with self._change:
            for request in touched:
                request.end(ended)
            self._busy += ended - began
        if error and len(touched) > 1:  # one caller's text must not fail the others
            for _, own in groupby(sorted(items, key=lambda item: id(item.request)), key=lambda item: item.request):
                self._calculate(list(own))
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
                self._waiting = [one for one in self._waiting if one not in touched]
        for request in finished:
            request.done(request)
