"""CPU pressure after a start: the share of time in which a task waits for a CPU, not the CPU utilisation.

It is read from the kernel's running total (/proc/pressure/cpu), so a window of 0.25 s is enough; the kernel's own
averages lag by 10 s. Without PSI, the runnable tasks (/proc/loadavg) are compared with the number of CPUs.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIMIT = 0.30
"""Maximum share of a window in which a task may wait."""
WINDOW, WINDOWS = 0.25, 2
CAP_SECONDS = 3.0
"""Maximum wait; the start then continues and reports it."""


@dataclass(frozen=True)
class CpuPressure:
    """Result of a wait."""

    is_low: bool
    seconds: float
    summary: str


class PressureMeter:
    """Measures in the background from its creation, so that a machine that is already quiet causes no extra wait."""

    def __init__(self, proc: Path = Path("/proc"), *, window: float = WINDOW) -> None:
        self.proc, self.window = proc, window
        self.readings: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cpu pressure", daemon=True)
        self._thread.start()

    def wait(self, cap: float = CAP_SECONDS, now: Callable[[], float] = time.monotonic) -> CpuPressure:
        """Return when the last windows were within LIMIT, or after `cap` seconds; the meter is then stopped."""
        began = now()
        try:
            while True:
                last = self.readings[-WINDOWS:]
                if len(last) == WINDOWS and max(last) <= LIMIT:
                    return CpuPressure(True, now() - began, f"CPU pressure is low ({max(last):.0%})")
                if now() - began >= cap:
                    pressure = f"CPU pressure is still {last[-1]:.0%}" if last else "CPU pressure cannot be read"
                    summary = f"{pressure} after {cap:g} s; continuing, the first answers may be slow"
                    return CpuPressure(False, now() - began, summary)
                time.sleep(self.window / 5)
        finally:
            self.close()

    def close(self) -> None:
        """Stop measuring."""
        self._stop.set()

    def _run(self) -> None:
        last, last_at = _stalled(self.proc), time.monotonic()
        while not self._stop.wait(self.window):
            total, at = _stalled(self.proc), time.monotonic()
            if total is not None and last is not None:
                self.readings.append(min(1.0, max(0.0, (total - last) / 1e6 / (at - last_at))))
            elif (load := _load(self.proc)) is not None:
                self.readings.append(load)
            last, last_at = total, at


def _stalled(proc: Path) -> float | None:
    """Return the microseconds since boot in which some task waited for a CPU; None without PSI."""
    try:
        some = (proc / "pressure/cpu").read_text().splitlines()[0]
        return float(some.rpartition("total=")[2])
    except (OSError, ValueError, IndexError):
        return None


def _load(proc: Path) -> float | None:
    """Return the number of runnable tasks beyond the number of CPUs, as a share of the CPUs.

    This process is not counted.
    """
    try:
        running = int((proc / "loadavg").read_text().split()[3].partition("/")[0]) - 1
    except (OSError, ValueError, IndexError):
        return None
    cpus = len(os.sched_getaffinity(0))
    return max(0.0, (running - cpus) / cpus)
