"""Crew: ask many questions at once; one that never comes back costs its time-out and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Asked(Generic[T]):
    """One question under way; `seconds` is how long its answer took."""

    question: Callable[[], T]
    done: threading.Event = field(default_factory=threading.Event)
    answer: T | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    def run(self) -> None:
        """Ask, and keep what came back."""
        began = time.monotonic()
        try:
            self.answer = self.question()
        except BaseException as error:  # told to whoever asked
            self.error = error
        self.seconds = time.monotonic() - began
        self.done.set()


class Crew(Generic[T]):
    """Threads are daemons: a hung one cannot keep the process alive.

    A name whose last question still hangs is not asked again.
    """

    def __init__(self) -> None:
        self._hung: dict[str, Asked[T]] = {}

    def ask(self, questions: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, Asked[T]]:
        """Return the questions by name; after `seconds` as they are, some with `done` not set."""
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
