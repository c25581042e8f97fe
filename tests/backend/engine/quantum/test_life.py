"""The child's life: it starts late, is killed when it must be, and the next circuit always runs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from backend.engine.quantum import Quantum
from tests.backend.engine.quantum.programs import BELL, ENDLESS, HEAD3, doubling, turned


@asynccontextmanager
async def quantum(tmp_path: Path, **more: object) -> AsyncIterator[Quantum]:
    item = Quantum(state=tmp_path, **more)
    try:
        yield item
    finally:
        await item.close()
        assert item.child.pid is None


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came true"
        await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def tell(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())


async def works(item: Quantum) -> None:
    status, body = await item.run({"qasm": BELL})
    assert status == 200, body


def test_the_child_starts_with_the_first_circuit_and_stays_for_the_next(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            assert item.info()["child"]["pid"] is None
            await works(item)
            first = item.child.pid
            await works(item)
            assert item.child.pid == first
            assert item.info()["child"]["resident_bytes"] > 0
            assert item.info()["ended"] == {"200": 2}
        assert gone(first)

    tell(story)


def test_a_circuit_that_takes_too_long_is_ended_and_the_next_one_works(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            pid = item.child.pid
            status, body = await item.run({"qasm": ENDLESS, "timeout_s": 0.5})
            assert (status, body["timeout_s"]) == (504, 0.5)
            await works(item)
            assert gone(pid)
            assert item.child.pid != pid

    tell(story)


def test_a_child_killed_in_the_middle_is_a_503_with_the_reason_and_the_next_circuit_works(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            for killer, word in ((signal.SIGKILL, "memory"), (signal.SIGSEGV, "SIGSEGV")):
                job = asyncio.create_task(item.run({"qasm": ENDLESS}))
                await asyncio.sleep(0.3)
                os.kill(item.child.pid, killer)
                status, body = await job
                assert (status, body["retry_after_s"]) == (503, 2)
                assert word in body["detail"]
                await works(item)

    tell(story)


def test_a_child_killed_while_it_was_idle_costs_no_circuit(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            os.kill(item.child.pid, signal.SIGKILL)
            await until(lambda: item.child.pid is None)
            await works(item)

    tell(story)


def test_a_circuit_beyond_the_queue_is_refused_at_once_and_those_in_it_get_their_turn(tmp_path):
    async def story():
        async with quantum(tmp_path, waiting=2) as item:
            await works(item)
            running = asyncio.create_task(item.run({"qasm": ENDLESS, "timeout_s": 3}))
            await until(lambda: item.turn.locked())
            waiting = [asyncio.create_task(item.run({"qasm": BELL})) for _ in range(2)]
            await until(lambda: item.waiting == 2)
            status, body = await item.run({"qasm": BELL})
            assert not running.done()  # it was not made to wait for its refusal
            assert status == 503
            assert 1 <= body["retry_after_s"] <= 60
            assert body["waiting"] == 2
            assert (await running)[0] == 504
            assert [(await job)[0] for job in waiting] == [200, 200]

    tell(story)


def test_nobody_waits_longer_for_a_turn_than_a_circuit_may_take(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            running = asyncio.create_task(item.run({"qasm": ENDLESS, "timeout_s": 3}))
            await until(lambda: item.turn.locked())
            status, body = await item.run({"qasm": BELL, "timeout_s": 0.2})
            assert (status, running.done()) == (503, False)
            assert "turn" in body["detail"]
            await running

    tell(story)


def test_a_caller_who_leaves_ends_the_simulation(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            pid = item.child.pid
            job = asyncio.create_task(item.run({"qasm": ENDLESS}))
            await asyncio.sleep(0.3)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
            await works(item)
            assert gone(pid)

    tell(story)


def test_an_idle_child_ends_by_itself_and_gives_its_memory_back(tmp_path):
    async def story():
        async with quantum(tmp_path, idle_s=0.3) as item:
            await works(item)
            pid = item.child.pid
            await until(lambda: gone(pid))
            assert item.info()["child"] == {"pid": None, "resident_bytes": 0, "threads": item.child.threads}
            await works(item)

    tell(story)


def test_a_circuit_that_outgrows_its_memory_is_ended_and_the_next_one_works(tmp_path):
    async def story():
        async with quantum(tmp_path, free_ram=lambda: 200 << 20) as item:
            await works(item)
            status, body = await item.run({"qasm": doubling(HEAD3, "qubit q;", 40), "timeout_s": 300})
            assert status == 422, body
            assert body["held_bytes"] > body["allowed_bytes"]
            await works(item)

    tell(story)


def test_too_little_memory_to_begin_is_a_503_with_the_numbers(tmp_path):
    async def story():
        async with quantum(tmp_path, free_ram=lambda: 10 << 20) as item:
            status, body = await item.run({"qasm": BELL})
            assert (status, body["free_bytes"], item.child.pid) == (503, 10 << 20, None)

    tell(story)


def test_a_child_that_has_grown_is_let_go(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            item.child.base = -(1 << 40)
            pid = item.child.pid
            await works(item)
            await until(lambda: gone(pid))
            await works(item)

    tell(story)


def test_the_child_gives_way_to_the_engine_in_processor_time_and_memory(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            child = psutil.Process(item.child.pid)
            assert child.nice() == min(19, psutil.Process().nice() + 5)
            ours = int(Path("/proc/self/oom_score_adj").read_text())
            assert int(Path(f"/proc/{child.pid}/oom_score_adj").read_text()) == min(1000, ours + 300)
            assert int(child.environ()["OMP_NUM_THREADS"]) == max(1, len(os.sched_getaffinity(0)) // 2)
            assert os.getpgid(child.pid) == child.pid != os.getpgid(0)

    tell(story)


def test_closing_ends_a_running_circuit_and_starts_no_other(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            jobs = [asyncio.create_task(item.run({"qasm": program})) for program in (ENDLESS, BELL)]
            await until(lambda: item.waiting == 1)
            await item.close()
            assert [(await job)[0] for job in jobs] == [503, 503]
            assert item.child.pid is None

    tell(story)


def test_a_large_circuit_leaves_the_cpu_with_what_it_was_told_to_need(tmp_path):
    async def story():
        async with quantum(tmp_path) as item:
            await works(item)
            base, peak = item.child.used_bytes(), 0
            job = asyncio.create_task(item.run({"qasm": turned(23), "method": "statevector", "shots": 100}))
            while not job.done():
                peak = max(peak, item.child.used_bytes())
                await asyncio.sleep(0.005)
            status, body = await job
            assert status == 200
            assert 16 << 23 <= peak - base + (8 << 20)  # the state was there
            assert peak - base <= body["memory_bytes"]  # and no more than was promised

    tell(story)
