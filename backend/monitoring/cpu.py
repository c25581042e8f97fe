"""How busy the processors are. psutil.cpu_percent() keeps the sample before for each thread by itself, so from a pool
of threads it answers 0 or an old average.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHORTEST = 0.1
"""Seconds between two samples that say anything: the kernel counts in hundredths."""


class Processor:
    """Tells the share of time that was not idle since the sample before, whoever asked for that; `times` gives (busy,
    all) seconds since the boot.
    """

    def __init__(self, times: Callable[[], tuple[float, float]] | None = None) -> None:
        self._times = times or _times
        self._lock = threading.Lock()
        self._at = 0.0
        self._before: tuple[float, float] | None = None
        self._percent = 0.0

    def percent(self) -> float:
        """Return 0 to 100. The first time it takes a tenth of a second; asked again sooner than that, it repeats
        itself.
        """
        with self._lock:
            if self._before is None:
                self._before = self._times()
                time.sleep(SHORTEST)
            elif time.monotonic() - self._at < SHORTEST:
                return self._percent
            busy, whole = now = self._times()
            passed = whole - self._before[1]
            if passed > 0:
                self._percent = round(min(100.0, max(0.0, (busy - self._before[0]) / passed * 100)), 1)
            self._before, self._at = now, time.monotonic()
            return self._percent


def _times() -> tuple[float, float]:
    import psutil

    times = psutil.cpu_times()
    whole = sum(times) - times.guest - times.guest_nice  # Linux counts guests in user and nice, too
    return whole - times.idle - times.iowait, whole
