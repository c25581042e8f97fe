"""The lock, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.runner import lock

HOLDER = """
import os, sys, time
from pathlib import Path
from omnimind_ops.runner import lock
with lock.hold(Path(sys.argv[1]), "alice (pts/1)", "migrate"):
    if "fork" in sys.argv and os.fork() == 0:
        time.sleep(2)
        os._exit(0)
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock."""
    process = subprocess.Popen((sys.executable, "-c", HOLDER, str(path), *arguments), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    """SIGKILL."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_busy_names_the_holder(tmp_path: Path) -> None:
    """Who, since when, why, and the pid."""
    process = hold_elsewhere(tmp_path / "lock")
    try:
        with pytest.raises(Problem, match="cannot start") as caught, lock.hold(tmp_path / "lock", "bob", "finish"):
            pytest.fail("two held it")
    finally:
        end(process)
    assert caught.value.code is ExitCode.BUSY
    for word in ("alice (pts/1)", datetime.now(UTC).strftime("%Y-%m-%d"), "UTC: migrate", f"pid {process.pid}"):
        assert word in caught.value.why


def test_a_killed_holder_frees_it_and_its_words_do_no_harm(tmp_path: Path) -> None:
    """The kernel frees it; the next holder writes over the stale words."""
    end(hold_elsewhere(tmp_path / "lock"))
    assert "alice" in (tmp_path / "lock").read_text()
    with lock.hold(tmp_path / "lock", "bob", "finish"):
        data = json.loads((tmp_path / "lock").read_text())
        assert (data["pid"], data["who"], data["why"]) == (os.getpid(), "bob", "finish")
    assert (tmp_path / "lock").read_text() == ""


def test_asking_whether_it_is_held_names_the_holder_and_disturbs_nobody(tmp_path: Path) -> None:
    """The guard asks again and again, while others want to take it."""
    path = tmp_path / "lock"
    assert lock.describe_holder(path) == ""
    process = hold_elsewhere(path)
    try:
        assert "alice (pts/1) has been running another command since" in lock.describe_holder(path)
    finally:
        end(process)
    assert lock.describe_holder(path) == ""  # its words are still there
    with lock.hold(path, "bob", "finish"):
        assert "bob has been running another command since" in lock.describe_holder(path)
    for _ in range(300):  # free, and asked all the time
        lock.describe_holder(path)
        with lock.hold(path, "bob", "again"):
            pass
    assert lock.describe_holder(path) == ""


def test_freed_after_an_error(tmp_path: Path) -> None:
    """And can be taken again by the same process."""
    with pytest.raises(ZeroDivisionError), lock.hold(tmp_path / "lock", "bob", "one"):
        raise ZeroDivisionError
    with lock.hold(tmp_path / "lock", "bob", "two"):
        pass


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    """Neither one that is started (close-on-exec) nor one that is forked and outlives us."""
    with lock.hold(tmp_path / "lock", "bob", "one"):
        started = subprocess.Popen(("sleep", "60"))
        forked = os.fork()
        if forked == 0:
            signal.pause()
    try:
        with lock.hold(tmp_path / "lock", "bob", "two"):
            pass
    finally:
        started.kill()
        started.wait()
        os.kill(forked, signal.SIGKILL)
        os.waitpid(forked, 0)


def test_a_forked_child_does_not_keep_it_for_a_killed_holder(tmp_path: Path) -> None:
    """flock belongs to the open file, which a fork shares."""
    process = hold_elsewhere(tmp_path / "lock", "fork")
    time.sleep(0.2)
    process.kill()
    process.wait()
    with lock.hold(tmp_path / "lock", "bob", "two"):
        process.communicate()


def test_busy_without_words_is_still_a_problem(tmp_path: Path) -> None:
    """The holder took it and has not written yet."""
    process = hold_elsewhere(tmp_path / "lock")
    try:
        (tmp_path / "lock").write_text("")
        with pytest.raises(Problem, match="another omnimind"), lock.hold(tmp_path / "lock", "bob", "finish"):
            pass
    finally:
        end(process)


def test_a_symlink_is_refused(tmp_path: Path) -> None:
    """Nobody can make root truncate another file."""
    (tmp_path / "precious").write_text("data")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(Problem, match="cannot take the lock"), lock.hold(tmp_path / "lock", "bob", "x"):
        pass
    assert (tmp_path / "precious").read_text() == "data"
