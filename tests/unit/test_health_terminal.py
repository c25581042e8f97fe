"""The watch screen of health on a real terminal, with its keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
from tests.unit.test_health_screen import report
from omnimind_ops.model.health import State
from omnimind_ops.render.health import output
restarted = []
def restart(name):
    restarted.append(name)
    if name == "redis": raise RuntimeError("it will not")
last = output.screen(report, lambda name: [f"log line {{n}} of {{name}}" for n in range(99)], restart, 0.2, lambda _: False)
print("LEFT", last.state, restarted)
"""


@dataclass
class Terminal:
    """A program on a terminal of its own."""

    process: subprocess.Popen[bytes]
    file: int
    seen: str = ""

    def press(self, keys: str) -> None:
        os.write(self.file, keys.encode())

    def until(self, text: str, seconds: float = 20) -> str:
        """Read until it shows `text` (after what was seen before); return what was new."""
        end, new = time.monotonic() + seconds, ""
        while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", new):
            assert time.monotonic() < end, new[-2000:]
            if select.select([self.file], [], [], 0.1)[0]:
                try:
                    new += os.read(self.file, 65536).decode(errors="replace")
                except OSError:
                    break
        self.seen += new
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", new)

    def mode(self) -> list[object]:
        return termios.tcgetattr(self.file)


@contextmanager
def terminal(width: int = 80, height: int = 24) -> Iterator[Terminal]:
    """Run the watch screen in a terminal of that size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        env.pop(name, None)
    before = termios.tcgetattr(slave)
    command = (sys.executable, "-c", PROGRAM.format(root=str(ROOT)))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    found = Terminal(process, master)
    try:
        yield found
        process.wait(20)
        assert termios.tcgetattr(slave) == before, "the terminal's mode was not put back"
        assert found.seen.count("\x1b[?1049h") == found.seen.count("\x1b[?1049l"), "the alternate screen was not left"
        assert "\x1b[?25h" in found.seen.rpartition("\x1b[?25l")[2], "the cursor stays hidden"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
        os.close(slave)


def test_q_leaves_the_screen_and_the_last_table_stays() -> None:
    """In the scrollback."""
    with terminal() as screen:
        screen.until("q quit")
        screen.press("q")
        assert "engine" in screen.until("LEFT down []")
        assert screen.process.wait(20) == 0


def test_arrows_choose_l_shows_logs_question_mark_says_why_and_escape_goes_back() -> None:
    """The chosen service is marked."""
    with terminal(100, 30) as screen:
        screen.until("▸ postgres")
        screen.press("\x1b[B")
        screen.until("▸ redis")
        screen.press("l")
        assert "log line 98 of" in screen.until("log line 98 of")
        screen.press("\x1b")
        screen.until("q quit · ↑↓ select · l logs")
        screen.press("?")
        screen.until("useful (it did real work)")
        screen.press("q")
        screen.until("LEFT")


def test_r_asks_first_and_says_what_became_of_it() -> None:
    """n leaves it; y restarts; a failure is shown and the screen goes on."""
    with terminal(100, 30) as screen:
        screen.until("▸ postgres")
        screen.press("r")
        screen.until("restart postgres? y/n")
        screen.press("n")
        screen.until("l logs")
        screen.press("r")
        screen.until("restart postgres? y/n")
        screen.press("y")
        screen.until("postgres was restarted")
        screen.press("j")
        screen.until("▸ redis")
        screen.press("r")
        screen.until("restart redis? y/n")
        screen.press("y")
        screen.until("cannot restart redis: it will not")
        screen.press("q")
        screen.until("LEFT down ['postgres', 'redis']")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_the_terminal_back(number: signal.Signals) -> None:
    """Ctrl-C, a kill, a lost connection."""
    with terminal() as screen:
        screen.until("q quit")
        os.kill(screen.process.pid, number)
        while screen.process.poll() is None or select.select([screen.file], [], [], 0.2)[0]:
            if select.select([screen.file], [], [], 0.1)[0]:
                screen.seen += os.read(screen.file, 65536).decode(errors="replace")
        assert screen.process.returncode != 0


def test_ctrl_z_does_not_leave_a_terminal_without_echo() -> None:
    """It is ignored while the screen is there."""
    with terminal() as screen:
        screen.until("q quit")
        screen.press("\x1a")
        screen.press("j")
        screen.until("▸ redis")
        screen.press("q")
        screen.until("LEFT")


def test_it_follows_a_resize() -> None:
    """Wider: longer headings appear."""
    with terminal(80, 24) as screen:
        screen.until("q quit")
        fcntl.ioctl(screen.file, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 140, 0, 0))
        screen.until("MEM / MAX")
        screen.press("q")
        screen.until("LEFT")
