"""What a person sees of health: the table at 80 and 120 columns, why, lines, metrics; and the watch screen with its
keys on a real terminal.
"""

from __future__ import annotations

import fcntl
import json
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
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from omnimind_ops.model.health import Change, Gpu, Host, Latency, Process, Reading, Report, State
from omnimind_ops.render.health.table import draw
from omnimind_ops.render.health.text import data, line, prometheus
from omnimind_ops.render.health.why import explain
from omnimind_ops.render.sheet import Sheet

ROOT = Path(__file__).parents[2]
AT = 1764011520.0


def reading(name: str, state: State = State.READY, **told: object) -> Reading:
    """A service, well unless told otherwise."""
    usual = Reading(
        service=name, kind=name.partition("-")[0], critical=True, state=state, alive=True, ready=state is State.READY, useful=True, detail="", why="",
        latency=Latency(1.0, 1.4, 2.2), age=2.0, good=5, bad=0, silent=False, refuses=False, root="", restarts=0, memory=210 << 20, limit=1 << 30,
        processes=(Process(name, "running", 4711, AT - 3600, False),), start_seconds=300,
    )  # fmt: skip
    return replace(usual, **told)  # type: ignore[arg-type]


def report(**told: object) -> Report:
    """A system with one of each trouble."""
    services = (
        reading("postgres", detail="db omnimind, 3/50 connections"),
        reading("redis", detail="AOF on", memory=12 << 20, limit=None),
        reading("qdrant", State.DOWN, why="no answer within 3 s", bad=3, silent=True),
        reading("engine", State.DEGRADED, why="gpu expected but running on cpu", latency=Latency(18, 18, 41)),
        reading("backend-8000", State.DOWN, why="qdrant: no answer within 2 s", root="qdrant", bad=3),
        reading(
            "backend-8080",
            State.STARTING,
            why="nobody listens (3 s of at most 180 s)",
            restarts=1,
            latency=None,
            age=1.0,
            bad=2,
        ),
        reading("frontend", State.STOPPED, why="stopped on request", memory=None, latency=None),
        reading("guard", detail="recovers what fails", gave_up="5 restarts did not help: cannot embed"),
    )
    gpu = Gpu(
        True,
        False,
        "gpu expected but running on cpu",
        "NVIDIA GeForce GTX 1650",
        34,
        1 << 30,
        4 << 30,
        62,
        "535.183.01",
        "535.183.01",
        True,
        1,
    )
    host = Host(3.1, 0.0, 2.0, "/var/lib/omnimind", 61.2, 251 << 30, ("port 6379 by docker-proxy 7",))
    change = Change(AT - 60, "backend-8080", "restarted")
    usual = Report(State.DOWN, services, gpu, host, AT, "native", AT - 11520, change, 0.05)
    return replace(usual, **told)  # type: ignore[arg-type]


def lines(width: int, *, ascii: bool = False, selected: str = "engine") -> list[str]:
    return [item.plain for item in draw(report(), Sheet(width, 24, 0.0, ascii), selected)]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    """And every service has its row, the card its own, the host its own."""
    drawn = lines(width)
    assert max(map(len, drawn)) <= width
    assert [entry[2:].split()[0] for entry in drawn[3:11]] == [service.service for service in report().services]
    assert any(item.startswith("GPU") for item in drawn) and any(element.startswith("HOST") for element in drawn)


def test_at_80_columns_it_says_what_matters() -> None:
    """State, latency, age of the check, restarts, memory, and the beginning of the reason."""
    drawn = lines(80)
    assert drawn[0].startswith("omnimind native · up 3 h 12 min · DOWN 4/8 · last change")
    assert drawn[3].split() == [
        "postgres",
        "✓",
        "ready",
        "1/2",
        "ok",
        "2s",
        "0",
        "210M",
        "db",
        "omnimind,",
        "3/50",
        "connecti…",
    ]
    assert drawn[6].startswith("▸ engine       ! degraded 18/41   ok 2s       0 210M gpu expected but running")
    assert "waits for qdrant: no" in drawn[7]
    assert drawn[11].startswith("GPU  GPU EXPECTED BUT RUNNING ON CPU · GTX 1650 · util 34 % · mem 1.0G/4.0G")
    assert drawn[-1] == "! the guard gave up on guard: 5 restarts did not help: cannot embed"


def test_containers_on_our_ports_are_impossible_to_miss() -> None:
    """They would come back with the Docker engine."""
    assert "DOCKER HOLDS port 6379 by docker-proxy 7" in lines(120)[12]


def test_a_terminal_without_utf8_gets_plain_marks() -> None:
    """Nothing that cannot be shown."""
    assert all(item.isascii() for item in lines(120, ascii=True))


def test_one_line_names_causes_and_counts_victims() -> None:
    """For logs and pipes."""
    assert line(report()) == (
        "down 4/8 ready · qdrant: no answer within 3 s · engine: gpu expected but running on cpu · backend-8080: nobody listens (3 s of at most 180 s)"
        " · frontend: stopped on request · also affected: backend-8000 · the guard gave up on guard"
    )


def test_why_leads_from_the_victim_to_the_cause() -> None:
    """And says what to do."""
    outcome = report()
    result = "\n".join(explain(outcome, outcome.of("backend-8000")))  # type: ignore[arg-type]
    assert "cause: qdrant: no answer within 3 s; backend-8000 itself is left running" in result
    assert "check qdrant: omnimind logs qdrant" in result
    assert "backend-8000: running for 1 h 00 min, pid 4711" in result
    assert "start it: omnimind restart frontend" in "\n".join(explain(outcome, outcome.of("frontend")))  # type: ignore[arg-type]


def test_json_has_everything_and_the_exit_code() -> None:
    """One object; states are words."""
    body = json.loads(json.dumps(data(report())))
    assert (body["state"], body["code"], body["services"][2]["silent"], body["gpu"]["used"], body["at"][:10]) == (
        "down",
        1,
        True,
        False,
        "2025-11-24",
    )


def test_metrics_are_in_prometheus_own_format() -> None:
    """As its own parser reads them."""
    from prometheus_client.parser import text_string_to_metric_families

    results = {
        sample.name: sample
        for family in text_string_to_metric_families(prometheus(report()))
        for sample in family.samples
    }
    assert results["omnimind_health"].value == 1
    assert results["omnimind_gpu_used"].value == 0 and results["omnimind_gpu_expected"].value == 1
    samples = [
        s
        for f in text_string_to_metric_families(prometheus(report()))
        for s in f.samples
        if s.name == "omnimind_service_state" and s.value == 1
    ]
    assert {s.labels["service"]: s.labels["state"] for s in samples}["engine"] == "degraded"


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
