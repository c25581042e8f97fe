"""Probe pool: run many probes at once. A probe that never returns costs its time-out and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Asked(Generic[T]):
    """One pending probe; `seconds` is the duration of its response."""

    question: Callable[[], T]
    done: threading.Event = field(default_factory=threading.Event)
    answer: T | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    def run(self) -> None:
        """Run the probe and keep its result."""
        began = time.monotonic()
        try:
            self.answer = self.question()
        except BaseException as error:  # the caller reports it
            self.error = error
        self.seconds = time.monotonic() - began
        self.done.set()


class Crew(Generic[T]):
    """A pool of daemon threads: a hung thread cannot keep the process alive.

    A probe is not started again while the last one with the same name still hangs.
    """

    def __init__(self) -> None:
        self._hung: dict[str, Asked[T]] = {}

    def ask(self, questions: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, Asked[T]]:
        """Run the probes and return them by name. After `seconds` it returns, even if some have `done` not set."""
        asked = {name: self._start(name, question) for name, question in questions.items()}
        end = time.monotonic() + seconds
        for one in asked.values():
            one.done.wait(max(0.0, end - time.monotonic()))
        self._hung = {name: one for name, one in asked.items() if not one.done.is_set()}
        return asked

    def _start(self, name: str, question: Callable[[], T]) -> Asked[T]:
        before = self._hung.get(name)
        if before is not None and not before.done.is_set():
            return before
        one = Asked(question)
        threading.Thread(target=one.run, name=f"health {name}", daemon=True).start()
        return one
