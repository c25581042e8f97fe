"""Watchdog: receives the status messages of programs (sd_notify(3)) and ends silent programs. Runs in supervisor's own
loop.

A program is replaced (SIGKILL) when it is not ready in time, or when it stops sending WATCHDOG=1; by then it has logged
where it hangs (tools/notify.py). The kernel names the sender of each datagram, so no process can report for another.
Times are monotonic: changes of the system clock have no effect.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FROZEN_SECONDS = 5.0  # supervisor's loop runs once a second: a longer pause is its own, not the programs'
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred


@dataclass
class Seen:
    """Status of a program's current process."""

    ready_seconds: float  # 0: it does not report readiness
    watchdog_seconds: float
    started: float = 0.0  # monotonic; 0: not running
    ready: float = 0.0  # unix seconds
    heard: float = 0.0  # monotonic; 0: no WATCHDOG=1 yet
    stopping: bool = False
    restarts: int = 0
    reason: str = ""  # why the previous process was replaced


class Watchdog:
    """Listens on a datagram socket. Supervisor's loop calls handle_read_event when data arrives, and check() each
    second.
    """

    closed = False

    def __init__(
        self, path: Path, programs: Mapping[str, Mapping[str, Any]], now: Callable[[], float] = time.monotonic
    ) -> None:
        path.unlink(missing_ok=True)
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self.link.bind(str(path))
        path.chmod(0o600)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.now = now
        self.log: Callable[[str], None] = lambda _text: None
        self.programs = {
            name: Seen(float(item["ready_seconds"]), float(item["watchdog_seconds"])) for name, item in programs.items()
        }
        self.names: Mapping[int, str] = {}
        self.checked = now()

    def starting(self, name: str, *, again: bool) -> None:
        """Record that a process of this program is about to start; `again`: nobody requested it, the previous one had
        ended.
        """
        recorded = self.programs[name]
        if not again:
            recorded.restarts, recorded.reason = 0, ""
        recorded.restarts += again
        recorded.started, recorded.ready, recorded.heard, recorded.stopping = self.now(), 0.0, 0.0, False

    def ended(self, name: str) -> None:
        """Record that its process has ended."""
        seen = self.programs[name]
        seen.started, seen.ready = 0.0, 0.0

    def check(self, names: Mapping[int, str]) -> None:
        """End silent programs; `names` are the running programs by pid."""
        self.names = names
        self._forgive()
        for pid, name in names.items():
            seen = self.programs[name]
            if why := _silent(seen, self.checked):
                self.log(f"watchdog: {name} (pid {pid}) {why}: it is replaced")
                seen.reason, seen.stopping = f"watchdog: {why}", True
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _forgive(self) -> None:
        """Extend all deadlines by a pause of this process: it received no messages meanwhile."""
        pause, self.checked = self.now() - self.checked, self.now()
        for entry in self.programs.values() if pause > FROZEN_SECONDS else ():
            entry.started += pause if entry.started else 0
            entry.heard += pause if entry.heard else 0

    def handle_read_event(self) -> None:
        """Read every datagram in the queue."""
        while True:
            try:
                text, extra, _, _ = self.link.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return
            pid = next(
                (
                    _CREDENTIALS.unpack(data)[0]
                    for level, kind, data in extra
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
                ),
                0,
            )
            name = self.names.get(pid)
            if name:
                self._hear(self.programs[name], text.decode(errors="replace").split("\n"))

    def _hear(self, observed: Seen, words: list[str]) -> None:
        if "READY=1" in words or (
            "WATCHDOG=1" in words and not observed.ready
        ):  # a program that sends WATCHDOG=1 is ready, even if its READY=1 was lost
            observed.ready = time.time()
        if "STOPPING=1" in words:
            observed.stopping = True
        if (
            observed.ready and not observed.heard
        ) or "WATCHDOG=1" in words:  # as with systemd, the clock starts with READY
            observed.heard = self.now()

    # interface for supervisor's loop
    def fileno(self) -> int:
        """Return the socket's file number."""
        return self.link.fileno()

    def readable(self) -> bool:
        """Return True: the watchdog always reads."""
        return True

    def writable(self) -> bool:
        """Return False: the watchdog never writes."""
        return False

    def handle_error(self) -> None:
        """Ignore a datagram that cannot be read; the next one replaces it."""

    # facts about programs
    def speaks(self, name: str) -> bool:
        """Return whether the program reports its readiness."""
        return self.programs[name].ready_seconds > 0

    def ready_at(self, name: str) -> float:
        """Return the time of its process's READY in unix seconds; 0 when there is none."""
        return self.programs[name].ready

    def restarts(self, name: str) -> int:
        """Return the number of automatic restarts since the last requested start."""
        return self.programs[name].restarts

    def reason(self, name: str) -> str:
        """Return why the watchdog replaced its last process, "" when it did not."""
        return self.programs[name].reason


def _silent(observed: Seen, now: float) -> str:
    """Return what is wrong, "" for nothing. STOPPING ends the watch: supervisor has its own time-out for that."""
    if observed.stopping or not observed.started:
        return ""
    if observed.ready_seconds and not observed.ready:
        return (
            f"was not ready {observed.ready_seconds:g} s after its start"
            if now - observed.started > observed.ready_seconds
            else ""
        )
    silent = now - observed.heard
    return (
        f"was silent for {silent:.0f} s"
        if observed.watchdog_seconds and observed.heard and silent > observed.watchdog_seconds
        else ""
    )
