"""Concurrent callers in threads.

In a closed loop each caller sends again when it gets an answer; an open loop sends by the clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def run_closed_loop(work: Iterable[T], act: Callable[[T], None], callers: int) -> None:
    """Do all of the work with `callers` concurrent callers.

    The first exception stops all callers and is raised; Ctrl-C stops after the exchanges in progress.
    """
    threads = _Threads(callers)
    items, lock = iter(work), threading.Lock()

    def caller() -> None:
        while not threads.over.is_set():
            with lock:
                item = next(items, None)
            if item is None:
                return
            act(item)

    threads.run(caller)


def run_open_loop(count: int, due: Callable[[int], float], act: Callable[[int, float], None], callers: int) -> None:
    """Do number 0, 1, … when it is due (seconds from now), or later if no caller is free.

    `act` gets the number and the start time of the whole run.
    """
    threads = _Threads(callers)
    numbers, lock = iter(range(count)), threading.Lock()
    began = time.monotonic()

    def caller() -> None:
        while not threads.over.is_set():
            with lock:
                number = next(numbers, None)
            if number is None or threads.over.wait(max(0.0, began + due(number) - time.monotonic())):
                return
            act(number, began)

    threads.run(caller)


class _Threads:
    """Threads that stop together."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.over = threading.Event()
        self._failed: BaseException | None = None

    def run(self, caller: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                caller()
            except BaseException as error:
                self._failed = self._failed or error
                self.over.set()

        threads = [threading.Thread(target=guarded, daemon=True) for _ in range(self.size)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self.over.set()
            for thread in threads:
                if thread.ident:
                    thread.join()
            raise
        if self._failed:
            raise self._failed
