"""What goes where: plain lines, JSON lines, problems; stdout has the answer and nothing else."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from omnimind_ops.model.event import RunStarted, StepChanged, StepState, Tell, line, progress, warning
from omnimind_ops.model.event_json import read as read_event
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render import choose
from omnimind_ops.render import problem as problems
from omnimind_ops.render.jsonl import JsonLines, json_line
from omnimind_ops.render.run.lines import Lines

START = RunStarted(
    "migrate r1 is running", "migrate", RunState.RUNNING, (StepState("a", "copy data", "warm"),), "r1", "ab12"
)
DOING = StepChanged("a", "copy data", Status.DOING, "warm")
DONE = StepChanged("a", "copy data", Status.DONE, "warm", 3.21, changed=True)
FAILED = StepChanged("a", "copy data", Status.FAILED, "warm", 3.21)
PROBLEM = Problem(
    "cannot start redis",
    "exit 1 with redis://:hunter2@h",
    "look at it",
    code=ExitCode.ROLLED_BACK,
    log=("one", "password=hunter2"),
)


class Clock:
    """A clock that is set by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_plain_lines_of_a_step() -> None:
    """Start, details, end; no escape codes."""
    file = io.StringIO()
    show = Lines(file)
    for event in (START, DOING, line("a", "31 files"), warning("not copied: x", "a"), DONE, FAILED):
        show.tell(event)
    assert file.getvalue().splitlines() == [
        "migrate r1 is running, 1 steps",
        "[1/1] warm: copy data",
        "[1/1]   31 files",
        "[1/1] warning: not copied: x",
        "[1/1] copy data: done in 3.2 s",
        "[1/1] copy data: FAILED after 3.2 s",
    ]


def test_plain_progress_at_most_every_five_seconds() -> None:
    """With percent, rate and time left."""
    file, clock = io.StringIO(), Clock()
    show = Lines(file, now=clock)
    show.tell(START)
    show.tell(DOING)
    for _ in range(24):
        clock.at += 0.5
        show.tell(progress("a", "reading", round(clock.at * 10_000_000), 200_000_000))
    results = [text for text in file.getvalue().splitlines() if "%" in text]
    assert results == [
        "[1/1]   reading: 25%, 50.0 of 200 MB, 10.0 MB/s, 15 s left",
        "[1/1]   reading: 50%, 100 of 200 MB, 10.0 MB/s, 10 s left",
    ]


def test_json_lines_read_back_equal() -> None:
    """Nothing of an event is lost."""
    file = io.StringIO()
    show = JsonLines(file)
    for event in (START, DOING, DONE):
        show.tell(event)
    show.result("done", {"run": "r1"})
    lines = file.getvalue().splitlines()
    read = [json.loads(text) for text in [*lines, json_line(DONE)]]
    assert [read_event(item["kind"], item["step"], item["text"], item["data"]) for item in (*read[:3], read[4])] == [
        START,
        DOING,
        DONE,
        DONE,
    ]
    assert read[3]["kind"] == "result"
    assert ["at" in entry for entry in read] == [True, True, True, True, False]


def test_json_progress_is_thinned_but_its_end_is_told() -> None:
    """Ten thousand events in a second become a handful."""
    file, clock = io.StringIO(), Clock()
    show = JsonLines(file, now=clock)
    for n in range(10_001):
        clock.at = n / 10_000
        show.tell(progress("a", "reading", n, 10_000))
    data = [json.loads(text)["data"]["done"] for text in file.getvalue().splitlines()]
    assert len(data) <= 7
    assert data[-1] == 10_000


def test_a_problem_says_what_why_fix_and_the_log_without_secrets() -> None:
    """As text."""
    assert problems.text(PROBLEM).splitlines() == [
        "error: cannot start redis",
        "why:   exit 1 with redis://***@h",
        "fix:   look at it",
        "log:   one",
        "       password=***",
    ]


def test_a_long_problem_wraps_under_itself() -> None:
    """Paths and commands stay in one piece."""
    long = Problem(
        "cannot x",
        "word " * 30 + "/a/very/long/path/that-has-hyphens/and/goes/on/and/on/and/on/and/on/and/on/and/on",
        "y",
    )
    text = problems.text(long, width=60).splitlines()
    assert all(part.startswith("       ") for part in text[2:5])
    assert any(part.strip().startswith("/a/very/long") and part.endswith("on") for part in text)


def test_a_problem_as_json_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With its exit code."""
    problems.show(PROBLEM, as_json=True)
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "kind": "problem",
        "what": "cannot start redis",
        "why": "exit 1 with redis://***@h",
        "fix": "look at it",
        "code": 3,
        "log": ["one", "password=***"],
    }
    problems.show(PROBLEM, as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: cannot start redis\n")


CHILD = """
import sys
from omnimind_ops.model.event import RunStarted, StepChanged, StepState
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render import choose
with choose("--json" in sys.argv) as show:
    show.tell(RunStarted("run", "migrate", RunState.RUNNING, (StepState("a", "copy data", "warm"),), "r1"))
    show.tell(StepChanged("a", "copy data", Status.DOING, "warm"))
    show.tell(StepChanged("a", "copy data", Status.DONE, "warm", 1.0, changed=True))
    show.result("all is well", {"run": "r1"})
"""


def watched(*arguments: str, terminal: bool) -> tuple[str, str]:
    """Run the child with stdout in a pipe and stderr on a terminal or in a pipe; return both."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    env = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd()), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        (sys.executable, "-c", CHILD, *arguments),
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
        env=env,
        timeout=60,
    )
    os.close(theirs)
    result = b""
    try:
        while part := os.read(ours, 65536):
            result += part
    except OSError:  # a terminal whose other end is closed says so
        pass
    os.close(ours)
    return done.stdout.decode(), result.decode()


def test_stdout_has_the_answer_and_stderr_the_view() -> None:
    """`omnimind migrate > answer` on a terminal."""
    out, err = watched(terminal=True)
    assert out == "all is well\n"
    assert "copy data" in err
    assert "\x1b[" in err


def test_without_a_terminal_there_are_no_escape_codes() -> None:
    """In a log."""
    out, err = watched(terminal=False)
    assert out == "all is well\n"
    assert err.splitlines() == ["run, 1 steps", "[1/1] warm: copy data", "[1/1] copy data: done in 1.0 s"]


@pytest.mark.parametrize("terminal", [True, False])
def test_json_is_all_there_is(terminal: bool) -> None:
    """On a terminal too."""
    out, err = watched("--json", terminal=terminal)
    assert err == ""
    assert [json.loads(text)["kind"] for text in out.splitlines()] == ["run", "step", "step", "result"]


def test_choose_gives_something_that_tells() -> None:
    """Whatever it is."""
    with choose(True) as show:
        tell: Tell = show.tell
    assert callable(tell)
