"""Load: a fixed rate of requests to one port, each on its own connection and sent on time, however slow others are."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds that one request waits: waiting in the backlog is slow, but not a failure."""


@dataclass
class Load:
    """A load that runs for a `with` block, and the results of its requests."""

    port: int
    path: str = "/health/live"
    rate: float = 60.0
    latencies: list[float] = field(default_factory=list)
    by: Counter[int] = field(default_factory=Counter)  # answers by pid
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _clock: threading.Thread | None = None
    _fault_time: float = 0.0
    _failed: list[tuple[float, str]] = field(default_factory=list)  # when each began, and why it failed

    def __enter__(self) -> Self:
        self._clock = threading.Thread(target=self._send)
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        assert self._clock
        self._clock.join()
        for thread in self._threads:
            thread.join()

    def mark_fault(self) -> None:
        """Record that a process has been killed or frozen: call it right after the signal."""
        self._fault_time = time.monotonic()

    @property
    def failures(self) -> list[str]:
        """Return why requests failed: those that began after the hit, and those that were answered and refused."""
        return [reason for began, reason in self._failed if began > self._fault_time]

    @property
    def interrupted(self) -> int:
        """Return the number of requests that began before the hit and got no answer.

        The process may have accepted them, so nobody could answer them.
        """
        return len(self._failed) - len(self.failures)

    @property
    def count(self) -> int:
        """Return the number of finished requests."""
        return len(self.latencies) + len(self._failed)

    @property
    def worst(self) -> float:
        """Return the longest latency in seconds."""
        return max(self.latencies, default=0.0)

    def _send(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            thread = threading.Thread(target=self._request, args=(due,))
            thread.start()
            self._threads.append(thread)
            due += 1 / self.rate
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def _request(self, due: float) -> None:
        began, response = time.monotonic(), b""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
                connection.sendall(f"GET {self.path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                while data := connection.recv(65536):
                    response += data
            head, _, body = response.partition(b"\r\n\r\n")
            status = head.split(b"\r\n")[0].decode()
            if " 200 " not in f"{status} ":
                began = began if not status else math.inf  # an answer that refuses is a failure at any time
                raise ConnectionError(status or "no answer")
            self.by[int(json.loads(body).get("pid", 0))] += 1
            self.latencies.append(time.monotonic() - due)
        except (OSError, ValueError) as error:
            self._failed.append((began, str(error) or type(error).__name__))
