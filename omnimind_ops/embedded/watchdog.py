"""What programs say about themselves, as sd_notify(3) has it, and the end of those that fall silent. Lives in
supervisor's own loop.

A program is replaced (SIGKILL) when it was not ready in time, or when it stopped saying WATCHDOG=1; it has written down
where it hangs by then (tools/notify.py). The kernel names the sender of each datagram, so nobody can speak for another.
Times are monotonic: a clock that is set has no effect.
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

FROZEN_SECONDS = 5.0  # supervisor's loop turns once a second: a longer pause was ours, not that of the programs
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred


@dataclass
class Seen:
    """What is known of one program's present process."""

    ready_seconds: float  # 0: it cannot say that it is ready
    watchdog_seconds: float
    started: float = 0.0  # monotonic; 0: does not run
    ready: float = 0.0  # unix seconds
    heard: float = 0.0  # monotonic; 0: never said WATCHDOG=1
    stopping: bool = False
    restarts: int = 0
    reason: str = ""  # why the process before this one was replaced


class Watchdog:
    """Listens on a datagram socket; supervisor's loop calls handle_read_event when something came, and check() each
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
            name: Seen(float(one["ready_seconds"]), float(one["watchdog_seconds"])) for name, one in programs.items()
        }
        self.names: Mapping[int, str] = {}
        self.checked = now()

    def starting(self, name: str, *, again: bool) -> None:
        """A process of this program is about to start; `again`: nobody asked for it, the one before had ended."""
        seen = self.programs[name]
        if not again:
            seen.restarts, seen.reason = 0, ""
        seen.restarts += again
        seen.started, seen.ready, seen.heard, seen.stopping = self.now(), 0.0, 0.0, False

    def ended(self, name: str) -> None:
        """Its process has ended."""
        seen = self.programs[name]
        seen.started, seen.ready = 0.0, 0.0

    def check(self, names: Mapping[int, str]) -> None:
        """End those that fell silent; `names` are the running programs by pid."""
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
        """Nobody could be heard while we did not listen."""
        pause, self.checked = self.now() - self.checked, self.now()
        for seen in self.programs.values() if pause > FROZEN_SECONDS else ():
            seen.started += pause if seen.started else 0
            seen.heard += pause if seen.heard else 0

    def handle_read_event(self) -> None:
        """Take every datagram that is there."""
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

    def _hear(self, seen: Seen, words: list[str]) -> None:
        if "READY=1" in words or (
            "WATCHDOG=1" in words and not seen.ready
        ):  # who beats is ready, should that word have been lost
            seen.ready = time.time()
        if "STOPPING=1" in words:
            seen.stopping = True
        if (seen.ready and not seen.heard) or "WATCHDOG=1" in words:  # as systemd does, the clock begins with READY
            seen.heard = self.now()

    # what supervisor's loop asks of everything it listens to
    def fileno(self) -> int:
        """Return the socket's file number."""
        return self.link.fileno()

    def readable(self) -> bool:
        """Tell that we always listen."""
        return True

    def writable(self) -> bool:
        """Tell that we never write."""
        return False

    def handle_error(self) -> None:
        """A datagram that cannot be read is lost; the next one repairs it."""

    # what is told about programs
    def speaks(self, name: str) -> bool:
        """Tell whether the program says when it is ready."""
        return self.programs[name].ready_seconds > 0

    def ready_at(self, name: str) -> float:
        """Return when its process said READY, unix seconds; 0 when it has not."""
        return self.programs[name].ready

    def restarts(self, name: str) -> int:
        """Return how often it was started again since somebody last asked for it."""
        return self.programs[name].restarts

    def reason(self, name: str) -> str:
        """Return why its last process was replaced by us, "" when it was not."""
        return self.programs[name].reason


def _silent(seen: Seen, now: float) -> str:
    """Return what is wrong, "" for nothing. STOPPING ends the watch: supervisor has a time-out for that."""
    if seen.stopping or not seen.started:
        return ""
    if seen.ready_seconds and not seen.ready:
        return (
            f"was not ready {seen.ready_seconds:g} s after its start" if now - seen.started > seen.ready_seconds else ""
        )
    silent = now - seen.heard
    return (
        f"was silent for {silent:.0f} s"
        if seen.watchdog_seconds and seen.heard and silent > seen.watchdog_seconds
        else ""
    )
