"""CPU usage of the machine.

psutil.cpu_percent() keeps its previous sample per thread; called from a thread pool, it returns 0 or an old average.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHORTEST = 0.1
"""Minimum seconds between two samples: the kernel counts in hundredths of a second."""


class Processor:
    """Measures the busy share of CPU time since the previous sample, over all callers.

    `times` returns (busy, all) seconds since boot.
    """

    def __init__(self, times: Callable[[], tuple[float, float]] | None = None) -> None:
        self._times = times or _times
        self._lock = threading.Lock()
        self._at = 0.0
        self._before: tuple[float, float] | None = None
        self._percent = 0.0

    def percent(self) -> float:
        """Return 0 to 100. The first call takes 0.1 s; a call sooner than that repeats the last value."""
        with self._lock:
            if self._before is None:
                self._before = self._times()
                time.sleep(SHORTEST)
            elif time.monotonic() - self._at < SHORTEST:
                return self._percent
            busy, total = now = self._times()
            passed = total - self._before[1]
            if passed > 0:
                self._percent = round(min(100.0, max(0.0, (busy - self._before[0]) / passed * 100)), 1)
            self._before, self._at = now, time.monotonic()
            return self._percent


def _times() -> tuple[float, float]:
    import psutil

    times = psutil.cpu_times()
    total = sum(times) - times.guest - times.guest_nice  # Linux includes guest time in user and nice
    return total - times.idle - times.iowait, total
