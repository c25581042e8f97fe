"""The watchdog in supervisor's loop: who fell silent is replaced, nobody else is, and no clock or pause of ours
misleads it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from omnimind_ops.embedded.watchdog import Watchdog

SLEEPER = "import time; time.sleep(600)"
SPEAKER = "import os, socket, sys; l = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); l.sendto(b'READY=1\\nWATCHDOG=1', os.environ['NOTIFY_SOCKET'])"


@dataclass
class Clock:
    """A monotonic clock that only moves when told."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The time of a test."""
    return Clock()


@pytest.fixture
def watchdog(tmp_path: Path, clock: Clock) -> Iterator[Watchdog]:
    """One that knows a program which speaks and one that does not."""
    programs = {
        "worker": {"ready_seconds": 120, "watchdog_seconds": 30},
        "store": {"ready_seconds": 0, "watchdog_seconds": 0},
    }
    item = Watchdog(tmp_path / "notify.sock", programs, clock)
    yield item
    item.link.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that can be ended."""
    with subprocess.Popen((sys.executable, "-c", SLEEPER)) as item:
        yield item
        item.kill()


def say(watchdog: Watchdog, text: str) -> None:
    """Say something as this very process; the kernel tells who we are."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(text.encode(), watchdog.link.getsockname())
    watchdog.handle_read_event()


def step(watchdog: Watchdog, clock: Clock, names: dict[int, str], seconds: float) -> None:
    """Let the loop turn once a second for so long."""
    for _ in range(int(seconds)):
        clock.at += 1
        watchdog.check(names)


def test_ready_is_taken_from_the_process_that_the_kernel_names(watchdog: Watchdog) -> None:
    watchdog.starting("worker", again=False)
    watchdog.check({os.getpid() + 100000: "worker"})
    say(watchdog, "READY=1")
    assert watchdog.ready_at("worker") == 0, "a stranger cannot speak for it"
    watchdog.check({os.getpid(): "worker"})
    say(watchdog, "READY=1")
    assert watchdog.ready_at("worker") > 0


def test_stopped_process_is_killed_at_once_as_it_would_take_what_waits_on_its_socket_along(
    watchdog: Watchdog, clock: Clock, process: subprocess.Popen[bytes]
) -> None:
    names = {process.pid: "worker"}
    watchdog.starting("worker", again=False)
    observed = watchdog.programs["worker"]
    observed.ready, observed.heard = 1.0, clock.at
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    step(watchdog, clock, names, 30)
    assert process.poll() is None
    step(watchdog, clock, names, 1)
    assert process.wait(10) == -signal.SIGKILL
    assert "silent for 31 s" in watchdog.reason("worker")


def test_silent_process_has_written_down_where_it_hangs_before_it_is_replaced(watchdog: Watchdog, clock: Clock) -> None:
    command = (
        sys.executable,
        "-c",
        "import time\nfrom omnimind_ops.tools.notify import beat\ndef hangs_here(): time.sleep(600)\nbeat()\nhangs_here()",
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "WATCHDOG_USEC": "500000"}) as process:
        assert process.stderr
        written = b""
        while b"hangs_here" not in written:
            line = process.stderr.readline()
            assert line, written
            written += line
        watchdog.starting("worker", again=False)
        observed = watchdog.programs["worker"]
        observed.ready, observed.heard = 1.0, clock.at
        step(watchdog, clock, {process.pid: "worker"}, 31)
        assert process.wait(10) == -signal.SIGKILL


def test_process_that_never_gets_ready_is_replaced_after_its_time(
    watchdog: Watchdog, clock: Clock, process: subprocess.Popen[bytes]
) -> None:
    watchdog.starting("worker", again=False)
    step(watchdog, clock, {process.pid: "worker"}, 121)
    assert process.wait(10) == -signal.SIGKILL
    assert "not ready 120 s after its start" in watchdog.reason("worker")


def test_process_that_cannot_speak_and_one_that_stops_in_good_order_are_left_alone(
    watchdog: Watchdog, clock: Clock, process: subprocess.Popen[bytes]
) -> None:
    watchdog.starting("store", again=False)
    step(watchdog, clock, {process.pid: "store"}, 1000)
    watchdog.starting("worker", again=False)
    watchdog.check({os.getpid(): "worker"})
    say(watchdog, "READY=1\nWATCHDOG=1")
    say(watchdog, "STOPPING=1")
    watchdog.check({process.pid: "worker"})
    step(watchdog, clock, {process.pid: "worker"}, 1000)
    assert process.poll() is None


def test_pause_of_the_loop_itself_is_nobodys_silence(
    watchdog: Watchdog, clock: Clock, process: subprocess.Popen[bytes]
) -> None:
    watchdog.starting("worker", again=False)
    watchdog.programs["worker"].ready, watchdog.programs["worker"].heard = 1.0, clock.at
    clock.at += 500
    watchdog.check({process.pid: "worker"})
    step(watchdog, clock, {process.pid: "worker"}, 29)
    assert process.poll() is None


def test_restarts_are_counted_until_somebody_asks_for_it_again(watchdog: Watchdog) -> None:
    watchdog.starting("worker", again=False)
    watchdog.starting("worker", again=True)
    watchdog.starting("worker", again=True)
    assert watchdog.restarts("worker") == 2
    watchdog.starting("worker", again=False)
    assert watchdog.restarts("worker") == 0
    assert watchdog.reason("worker") == ""


def test_lost_word_of_readiness_is_made_up_for_by_the_next_beat(watchdog: Watchdog) -> None:
    watchdog.starting("worker", again=False)
    watchdog.check({os.getpid(): "worker"})
    say(watchdog, "WATCHDOG=1")
    assert watchdog.ready_at("worker") > 0


def test_another_process_speaks_through_the_socket_by_its_own_pid(watchdog: Watchdog, tmp_path: Path) -> None:
    with subprocess.Popen(
        (sys.executable, "-c", SPEAKER), env={"NOTIFY_SOCKET": str(tmp_path / "notify.sock")}
    ) as other:
        other.wait(20)
    watchdog.starting("worker", again=False)
    watchdog.check({other.pid: "worker"})
    watchdog.handle_read_event()
    assert watchdog.ready_at("worker") > 0
