"""Probe pool: run many probes at once. A probe that never returns costs its time-out and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class PendingProbe(Generic[T]):
    """A probe that runs or has ended; `seconds` is how long it took."""

    probe: Callable[[], T]
    done: threading.Event = field(default_factory=threading.Event)
    result: T | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    def run(self) -> None:
        """Run the probe and keep its result."""
        began = time.monotonic()
        try:
            self.result = self.probe()
        except BaseException as error:  # the caller reports it
            self.error = error
        self.seconds = time.monotonic() - began
        self.done.set()


class ProbePool(Generic[T]):
    """A pool of daemon threads: a hung thread cannot keep the process alive.

    A probe is not started again while the last one with the same name still hangs.
    """

    def __init__(self) -> None:
        self._hung: dict[str, PendingProbe[T]] = {}

    def run(self, probes: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, PendingProbe[T]]:
        """Run the probes and return them by name. After `seconds` it returns, even if some have `done` not set."""
        pending = {name: self._start(name, probe) for name, probe in probes.items()}
        end = time.monotonic() + seconds
        for probe in pending.values():
            probe.done.wait(max(0.0, end - time.monotonic()))
        self._hung = {name: probe for name, probe in pending.items() if not probe.done.is_set()}
        return pending

    def _start(self, name: str, probe: Callable[[], T]) -> PendingProbe[T]:
        hung = self._hung.get(name)
        if hung is not None and not hung.done.is_set():
            return hung
        pending = PendingProbe(probe)
        threading.Thread(target=pending.run, name=f"health {name}", daemon=True).start()
        return pending
