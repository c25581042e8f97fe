"""Load: a fixed rate of requests to one port, each on its own connection and sent on time, however slow others are."""

from __future__ import annotations

import json
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
    failures: list[str] = field(default_factory=list)
    # Requests that were sent before mark_fault() was called and got no complete response; nothing can save these.
    interrupted: int = 0
    by: Counter[int] = field(default_factory=Counter)  # answers by pid
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _clock: threading.Thread | None = None
    _fault_time: float = 0.0

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
        """Record that a process is being killed or frozen now."""
        self._fault_time = time.monotonic()

    @property
    def count(self) -> int:
        """Return the number of finished requests."""
        return len(self.latencies) + len(self.failures) + self.interrupted

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
        sent = float("inf")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
                connection.sendall(f"GET {self.path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                sent, response = time.monotonic(), b""
                while data := connection.recv(65536):
                    response += data
            head, _, body = response.partition(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0] + b" ":
                raise ConnectionError(head.split(b"\r\n")[0].decode() or "no answer")
            self.by[int(json.loads(body).get("pid", 0))] += 1
            self.latencies.append(time.monotonic() - due)
        except (OSError, ValueError) as error:
            if sent <= self._fault_time:
                self.interrupted += 1
            else:
                self.failures.append(str(error) or type(error).__name__)
