"""How busy the processors are, whichever thread asks."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from backend.monitoring.cpu import SHORTEST, Processor


def test_every_thread_gets_the_share_since_the_sample_before_whoever_took_that() -> None:
    readings = iter([(0.0, 0.0), (0.5, 1.0), (1.5, 2.0)])
    processor = Processor(lambda: next(readings))
    with ThreadPoolExecutor(1) as item, ThreadPoolExecutor(1) as other:
        assert item.submit(processor.percent).result() == 50.0
        time.sleep(SHORTEST)
        assert other.submit(processor.percent).result() == 100.0


def test_asked_again_at_once_it_repeats_itself() -> None:
    readings = iter([(0.0, 0.0), (0.25, 1.0)])
    processor = Processor(lambda: next(readings))
    assert [processor.percent(), processor.percent()] == [25.0, 25.0]


def test_clocks_that_stand_still_or_go_back_give_no_nonsense() -> None:
    readings = iter([(1.0, 2.0), (1.0, 2.0), (0.5, 3.0)])
    processor = Processor(lambda: next(readings))
    assert processor.percent() == 0.0
    time.sleep(SHORTEST)
    assert processor.percent() == 0.0


def test_work_shows_in_new_threads_too() -> None:
    processor = Processor()
    processor.percent()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass
    results: list[float] = []
    thread = threading.Thread(target=lambda: results.append(processor.percent()))
    thread.start()
    thread.join()
    assert results[0] >= 50 / (os.cpu_count() or 1)
