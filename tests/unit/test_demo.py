"""What the demo says of its jobs and of its cost."""

from __future__ import annotations

import re
import sys
import threading
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from omnimind_ops.tools.shell import run
from tests.hosts import side_by_side
from tests.hosts.cost import BEGAN, FREE, Cost, free_before
from tests.hosts.side_by_side import Job

ROOT = Path(__file__).resolve().parents[2]


def test_jobs_run_side_by_side_and_each_says_when_it_is_done() -> None:
    meet, lines = threading.Barrier(2, timeout=30), list[str]()
    side_by_side.run([Job("a", "first", meet.wait), Job("b", "second", meet.wait)], lines.append, workers=2)
    assert lines[:2] == ["a: first …", "b: second …"] or lines[:2] == ["b: second …", "a: first …"]
    assert lines[-1].endswith("(2 of 2)")


def test_a_job_that_takes_long_is_named_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "SILENCE", 0.05)
    result, lines = threading.Event(), list[str]()

    def say(line: str) -> None:
        lines.append(line)
        if "working on: a" in line:
            result.set()

    side_by_side.run([Job("a", "slow", lambda: result.wait(30))], say, workers=1)
    assert result.is_set()


def test_after_a_failure_no_other_job_begins() -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("no mirror")

    with pytest.raises(ValueError, match="no mirror"):
        side_by_side.run(
            [Job("a", "fails", fail), Job("b", "waits", lambda: done.append("b"))], lambda _: None, workers=1
        )
    assert done == []


def test_cost_is_counted_from_where_the_script_began_and_keeps_the_peak() -> None:
    free = {"/": 10_000, "/var": 5_000}
    cost = Cost(0.0, {"/": 12_000, "/var": 5_500}, free.__getitem__)
    assert cost.used() == 2_500
    free["/"] = 11_500
    assert "at most 2.5 GB of disk; 1.0 GB stay" in cost.line()


def test_the_script_notes_free_space_by_mount_point() -> None:
    assert free_before({FREE: "/ 1234\n/var/lib 99"}) == {"/": 1234, "/var/lib": 99}
    assert Cost.of({BEGAN: "0", FREE: "/ 1"}).began == 0.0


def test_the_demo_imports_nothing_that_its_lock_lacks() -> None:
    script = "import sys, tests.hosts.demo; print(*{name.partition('.')[0] for name in sys.modules})"
    imported = set(run((sys.executable, "-c", script), cwd=ROOT).out.split())
    origin = packages_distributions()
    needed = {name.lower().replace("_", "-") for module in imported for name in origin.get(module, ())} - {
        "omnimind-ops",
        "omnimind",
    }
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "locks/demo.txt").read_text(), re.MULTILINE))
    assert needed - locked == set()
