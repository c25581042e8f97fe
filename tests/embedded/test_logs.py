"""Log lines: their times, those since a time, following through a rotation, the start log."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

import pytest

from omnimind_ops.flows.logs import parse_since
from omnimind_ops.flows.startup.log import StartLog
from omnimind_ops.managers import files
from omnimind_ops.model.event import Event, Line
from omnimind_ops.model.problem import Problem


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2026-11-25 15:42:24.123 UTC [42] LOG:  database system is ready", 1795621344.123),
        ('{"time": "2026-11-25T15:42:24.123Z", "level": "info"}', 1795621344.123),
        ("2026-11-25T15:42:24+01:00 host unit[1]: text", 1795617744.0),
        ("no time at all", None),
        ("{broken", None),
    ],
)
def test_time_of_a_log_line(line: str, at: float | None) -> None:
    assert files.time_of(line) == at


def test_time_of_valkey_and_supervisor_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert files.time_of("123:M 25 Nov 2026 16:42:24.123 * Ready to accept connections") == 1795621344.123
        assert files.time_of("2026-11-25 16:42:24,123 INFO success: redis entered RUNNING state") == 1795621344.123
    finally:
        monkeypatch.undo()
        time.tzset()


def test_log_lines_since_a_time_keep_those_without_one_after_those_with_one(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    (tmp_path / "one.log.1").write_text("2026-11-25 15:00:00 UTC old\n")
    log.write_text("2026-11-25 15:42:24 UTC new\n  more of it\n")
    assert list(files.read(log, 0, 1795621344.0)) == ["2026-11-25 15:42:24 UTC new", "  more of it"]
    assert list(files.read(log, 2, None)) == ["2026-11-25 15:42:24 UTC new", "  more of it"]
    assert len(list(files.read(log, 0, None))) == 3


def test_following_goes_on_through_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("before\n")
    said: queue.Queue[tuple[str, str]] = queue.Queue()

    def listen() -> None:
        for line in files.follow({"one": log}, pause=0.01):
            said.put(line)
            if line == ("one", "after"):
                return

    thread = threading.Thread(target=listen)
    thread.start()
    time.sleep(0.1)  # it follows from now on: give it a now
    with log.open("a") as file:
        file.write("first\nhal")
        file.flush()
        assert said.get(timeout=10) == ("one", "first")
        file.write("f\n")
    assert said.get(timeout=10) == ("one", "half")
    log.rename(tmp_path / "one.log.1")
    log.write_text("after\n")
    assert said.get(timeout=10) == ("one", "after")
    thread.join(10)


def test_since_takes_spans_and_times_and_refuses_the_rest() -> None:
    assert parse_since("10m", 1000.0) == 400.0
    assert parse_since("2 h", 10000.0) == 2800.0
    assert parse_since("", 0) is None
    assert parse_since("2026-11-25T15:42:24Z", 0) == 1795621344.0
    with pytest.raises(Problem, match="is not a time"):
        parse_since("yesterday-ish", 0)


def test_start_log_is_rotated_and_keeps_three_old_ones(tmp_path: Path) -> None:
    observed: list[Event] = []
    log = StartLog(tmp_path, observed.append, limit=200)
    for number in range(40):
        log.tell(Line("", f"line {number} with password=verysecret"))
    assert len(observed) == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "startup_detailed.log",
        *(f"startup_detailed.log.{n}" for n in (1, 2, 3)),
    ]
    assert "verysecret" not in "".join(item.read_text() for item in tmp_path.iterdir())
