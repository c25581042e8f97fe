"""The next batch is fair, full and little padded; the thread behind it loses nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from starlette import requests as web

from backend.engine.batch import SMALLEST, fill, share
from backend.engine.batcher import Batcher, QueueFull
from backend.engine.http import Bodies
from backend.engine.request import Request
from backend.engine.runner import Vectors
from backend.engine.tokeniser import Tokens
from backend.http.errors import ApiProblem


def tokens(*lengths: int) -> Tokens:
    return Tokens(tuple(np.full(length, length, np.int32) for length in lengths), (False,) * len(lengths))


def request(*lengths: int, served: float = 0) -> Request:
    made = Request(tokens(*lengths), 1, lambda _: None)
    made.served = served
    return made


class Counting:
    """A device that answers each text with its length; it can be held, and told to fail."""

    pads = True
    streams = 1
    name, dimensions, max_tokens, device, precision, digest, batch_tokens = (
        "counting",
        1,
        512,
        "cpu",
        "f32",
        "0" * 16,
        64,
    )

    def __init__(self) -> None:
        self.details: dict[str, object] = {}
        self.go = threading.Event()
        self.go.set()
        self.batches: list[list[int]] = []

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        self.go.wait(10)
        lengths = [len(item) for item in ids]
        self.batches.append(lengths)
        if 13 in lengths:
            raise RuntimeError("thirteen")
        return np.array(lengths, np.float32).reshape(-1, 1)

    def close(self) -> None:
        self.batches.append([])


def test_texts_of_a_batch_are_alike_in_length() -> None:
    entry = request(5, 200, 190, 6, 7, 200)
    assert sorted(item.length for item in fill([entry], 600)) == [190, 200, 200]
    assert sorted(item.length for item in fill([entry], 600)) == [5, 6, 7]
    assert fill([entry], 600) == []


def test_a_batch_holds_at_most_its_budget_or_one_text() -> None:
    many = request(*[100] * 20)
    assert len(fill([many], 500)) == 5
    assert [item.length for item in fill([request(400)], 100)] == [400]


def test_whoever_had_least_goes_first_and_the_others_fill_up() -> None:
    large, small = request(*[30] * 50, served=900), request(31, served=0)
    batch = fill([large, small], 310)
    assert small in [item.request for item in batch]
    assert len(batch) == 10


def test_a_small_request_overtakes_a_large_one() -> None:
    async def story() -> list[str]:
        runner = Counting()
        batcher = Batcher(runner)
        order: list[str] = []

        async def ask(name: str, *lengths: int) -> None:
            await batcher.embed(tokens(*lengths))
            order.append(name)

        runner.go.clear()
        large = asyncio.create_task(ask("large", *[30] * 100))
        await asyncio.sleep(0.05)
        small = asyncio.create_task(ask("small", 30))
        await asyncio.sleep(0.05)
        runner.go.set()
        await asyncio.gather(large, small)
        batcher.close()
        return order

    assert asyncio.run(story()) == ["small", "large"]


def test_rows_come_back_in_the_order_asked_whoever_asks() -> None:
    async def story() -> None:
        batcher = Batcher(Counting())
        dice = np.random.default_rng(7)
        requests = [
            [int(length) for length in dice.integers(14, 60, size=int(dice.integers(1, 40)))] for _ in range(50)
        ]
        answers = await asyncio.gather(*(batcher.embed(tokens(*lengths)) for lengths in requests))
        assert [[int(value) for value in answer.rows[:, 0]] for answer in answers] == requests
        batcher.close()

    asyncio.run(story())


def test_a_batch_that_fails_fails_its_callers_only() -> None:
    async def story() -> None:
        batcher = Batcher(Counting())
        with pytest.raises(RuntimeError, match="thirteen"):
            await batcher.embed(tokens(13, 14))
        assert (await batcher.embed(tokens(14))).rows.tolist() == [[14.0]]
        batcher.close()

    asyncio.run(story())


def test_what_a_caller_no_longer_wants_is_not_calculated() -> None:
    async def story() -> None:
        runner = Counting()
        batcher = Batcher(runner)
        runner.go.clear()
        gone = asyncio.create_task(batcher.embed(tokens(*[32] * 40)))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        runner.go.set()
        await batcher.embed(tokens(14))
        assert sum(len(batch) for batch in runner.batches) <= 3
        assert batcher.load().requests == 0
        batcher.close()

    asyncio.run(story())


def test_the_queue_is_bounded_and_says_when_to_come_back() -> None:
    batcher = Batcher(Counting(), limit=1000)
    batcher.reserve(5000)  # an empty queue takes anything, else a large request could never be made
    with pytest.raises(QueueFull) as full:
        batcher.reserve(1)
    assert full.value.seconds >= 1
    batcher.release(5000)
    batcher.reserve(400)
    batcher.reserve(600)
    with pytest.raises(QueueFull):
        batcher.reserve(1)
    batcher.close()


def test_a_large_request_is_not_starved_by_small_ones_that_never_end() -> None:
    class Slow(Counting):
        def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
            time.sleep(0.002)
            return super().encode(ids)

    async def story() -> int:
        batcher = Batcher(Slow())
        large = asyncio.create_task(batcher.embed(tokens(*[60] * 40)))
        served = 0

        async def small() -> None:
            nonlocal served
            while not large.done():
                await batcher.embed(tokens(30))
                served += 1

        await asyncio.wait_for(asyncio.gather(large, *(small() for _ in range(8))), 30)
        batcher.close()
        return served

    # A fair share of nine callers: 2400 tokens of the large one, and no more than about eight times that for the
    # others.
    assert asyncio.run(story()) < 8 * 2400 / 30 * 2


def test_idle_streams_share_what_waits_and_a_small_batch_stays_whole() -> None:
    assert share(40, 2) == SMALLEST
    assert 200 <= share(400, 2) < 300
    many = request(*[50] * 8)
    assert [len(fill([many], share(many.waiting_tokens, idle))) for idle in (2, 1)] == [4, 4]


@pytest.mark.parametrize("streams", [1, 3])
def test_batches_of_one_request_run_side_by_side_on_as_many_streams_as_there_are(streams: int) -> None:
    class Meeting(Counting):
        """Each batch waits until all streams have one."""

        def __init__(self) -> None:
            super().__init__()
            self.streams = streams
            self.all_here = threading.Barrier(streams)

        def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
            self.all_here.wait(10)
            time.sleep(0.05)
            return super().encode(ids)

    async def story() -> Request:
        batcher = Batcher(Meeting())
        answer = await batcher.embed(tokens(*range(50, 50 + 2 * streams)))
        batcher.close()
        return answer

    began = time.perf_counter()
    answer = asyncio.run(story())
    assert answer.rows[:, 0].tolist() == list(range(50, 50 + 2 * streams))
    assert 0.1 <= answer.inference <= time.perf_counter() - began  # two rounds; side by side counts once


def test_a_batch_that_fails_on_one_stream_leaves_the_other_alone() -> None:
    class Two(Counting):
        streams = 2

    async def story() -> list[object]:
        batcher = Batcher(Two())
        requests = [[13, 14], *([20 + number, 60] for number in range(20))]
        answers = await asyncio.gather(
            *(batcher.embed(tokens(*lengths)) for lengths in requests), return_exceptions=True
        )
        assert batcher.load().requests == 0
        batcher.close()
        return [answer.rows[:, 0].tolist() if isinstance(answer, Request) else str(answer) for answer in answers]

    assert asyncio.run(story()) == ["thirteen", *([20.0 + number, 60.0] for number in range(20))]


def test_padding_is_a_batch_of_its_own_at_most() -> None:
    dice = np.random.default_rng(11)
    for _ in range(200):
        many = [
            request(*(int(integer) for integer in dice.integers(3, 256, size=int(dice.integers(1, 20)))))
            for _ in range(10)
        ]
        batch = [item.length for item in fill(many, 512)]
        padded = len(batch) * max(batch)
        assert padded <= max(512, batch[0]) and padded - sum(batch) <= max(32, sum(batch) // 8)
        assert batch == sorted(batch)


def test_a_text_that_fails_fails_its_own_caller_only() -> None:
    async def story() -> list[object]:
        runner = Counting()
        batcher = Batcher(runner)
        runner.go.clear()
        held = asyncio.create_task(batcher.embed(tokens(60)))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(batcher.embed(tokens(length, length))) for length in (13, 14, 15)]
        await asyncio.sleep(0.05)
        runner.go.set()
        answers = await asyncio.gather(held, *others, return_exceptions=True)
        assert runner.batches[1] == [13, 13, 14, 14]
        batcher.close()
        return [answer.rows[:, 0].tolist() if isinstance(answer, Request) else str(answer) for answer in answers]

    assert asyncio.run(story()) == [[60.0], "thirteen", [14.0, 14.0], [15.0, 15.0]]


def test_the_bodies_of_all_requests_are_bounded_together() -> None:
    def chunk(data: bytes, more: bool = False) -> web.Request:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": data, "more_body": more}

        return web.Request({"type": "http"}, receive)

    async def story() -> None:
        bodies = Bodies(100)
        async with bodies.read(chunk(b"x" * 60), 80) as body:
            assert len(body) == 60 and bodies.held == 60
            with pytest.raises(ApiProblem) as busy:
                async with bodies.read(chunk(b"y" * 60), 80):
                    pass
            assert (busy.value.status, busy.value.headers["Retry-After"]) == (503, "1")
            with pytest.raises(ApiProblem) as large:
                async with bodies.read(chunk(b"z" * 15, more=True), 30):
                    pass
            assert large.value.status == 413
        assert bodies.held == 0

    asyncio.run(story())


def test_a_runner_that_returns_too_few_rows_costs_its_caller_the_answer_and_nobody_the_stream() -> None:
    class Short(Counting):
        def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
            return super().encode(ids)[1:] if len(ids) > 1 else super().encode(ids)

    async def story() -> None:
        batcher = Batcher(Short())
        with pytest.raises(ValueError, match="longer than argument 1"):
            await asyncio.wait_for(batcher.embed(tokens(20, 20)), 10)
        assert (await asyncio.wait_for(batcher.embed(tokens(14)), 10)).rows.tolist() == [[14.0]]
        batcher.close()

    asyncio.run(story())
