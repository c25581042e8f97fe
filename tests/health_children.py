"""Real child processes and their manager, which brings back what dies, as systemd and supervisor do."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from omnimind_ops.managers import ProcessState
from omnimind_ops.model.problem import Problem
from tests.services import Process


@dataclass
class Child:
    """One process and what its manager knows of it."""

    words: tuple[str, ...]
    running: subprocess.Popen[bytes] | None = None
    since: float | None = None
    restarts: int = 0
    wanted: bool = False
    stopped_by_person: bool = False
    quick_ends: int = 0
    gave_up: bool = False


@dataclass
class Children:
    """A Manager (omnimind_ops.managers) over child processes. What dies is started again; after three quick ends it is
    given up.

    `stores` are processes of tests/services.py, which come and go by their own start and stop.
    """

    children: dict[str, Child]
    stores: dict[str, Process]
    lock: threading.RLock = field(default_factory=threading.RLock)
    over: threading.Event = field(default_factory=threading.Event)
    acts: list[str] = field(default_factory=list)
    broken: str = ""  # why it cannot be asked

    def start(self, names: Sequence[str]) -> None:
        with self.lock:
            for name in names:
                self.acts.append(f"start {name}")
                self._start(name)

    def stop(self, names: Sequence[str]) -> None:
        for name in names:
            self.acts.append(f"stop {name}")
            self._stop(name)

    def restart(self, names: Sequence[str]) -> None:
        self.stop(names)
        self.start(names)

    def kill(self, name: str) -> None:
        self.acts.append(f"kill {name}")
        child = self.children[name]
        if child.running:
            child.running.kill()

    def states(self, names: Sequence[str]) -> dict[str, ProcessState]:
        if self.broken:
            raise Problem("cannot ask the manager", self.broken, "mend it")
        with self.lock:
            return {name: self._state(name) for name in names}

    def logs(self, name: str, lines: int = 50, since: float | None = None) -> Iterator[str]:
        yield from (f"line {number} of {name}" for number in range(lines))

    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        yield from ()

    def person_stops(self, name: str) -> None:
        """A person stops a process."""
        self._stop(name)
        self.children[name].stopped_by_person = True

    def signal(self, name: str, number: int) -> int:
        """Send a signal to a process of a service; returns its pid."""
        pid = self.states([name])[name].pid
        assert pid > 1
        os.kill(pid, number)
        return pid

    def watch(self) -> None:
        """Bring back what died; runs in a thread."""
        while not self.over.wait(0.05):
            with self.lock:
                for name, child in self.children.items():
                    if child.wanted and child.running and child.running.poll() is not None and not child.gave_up:
                        child.quick_ends = child.quick_ends + 1 if time.time() - (child.since or 0) < 1 else 0
                        child.gave_up, child.running = child.quick_ends >= 3, None
                        if not child.gave_up:
                            child.restarts += 1
                            self._start(name)

    def end(self) -> None:
        """End everything."""
        self.over.set()
        for name in self.children:
            self._stop(name)

    def _start(self, name: str) -> None:
        if name in self.stores:
            if self.stores[name].running is None:
                self.stores[name].start()
            return
        child = self.children[name]
        if child.running is None or child.running.poll() is not None:
            child.running = subprocess.Popen(child.words, cwd="/")
            child.since, child.wanted, child.stopped_by_person, child.gave_up = time.time(), True, False, False

    def _stop(self, name: str) -> None:
        if name in self.stores:
            process = self.stores[name]
            if process.running:
                process.running.send_signal(signal.SIGCONT)
            process.stop(2 if name == "postgres" else 15)
            return
        child = self.children[name]
        child.wanted = False
        if child.running:
            child.running.kill()
            child.running.wait()
        child.running = None

    def _state(self, name: str) -> ProcessState:
        if name in self.stores:
            running = self.stores[name].running
            alive = running is not None and running.poll() is None
            return ProcessState(
                name, "running" if alive else "failed", running.pid if alive and running else 0, time.time() - 1000
            )
        if name not in self.children:
            return ProcessState(name, "running", os.getpid(), time.time() - 1000)  # the guard: the test itself
        child = self.children[name]
        alive = child.running is not None and child.running.poll() is None
        if alive and child.running:
            return ProcessState(
                name,
                "running",
                child.running.pid,
                child.since,
                child.restarts,
                memory_bytes=10 << 20,
                memory_limit=100 << 20,
            )
        state = "failed" if child.gave_up else "stopped" if not child.wanted else "backoff"
        return ProcessState(
            name,
            state,
            0,
            child.since,
            child.restarts,
            by_person=child.stopped_by_person,
            detail="ended with 3" if child.gave_up else "",
        )
