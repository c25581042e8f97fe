"""SIGKILL before and after every journal write of a run and of its undo: it can always be completed and always be
undone.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner.history import History
from tests.runner.crash_child import NEW, OLD, PLAN, forked


def fresh(tmp_path: Path, name: str) -> Path:
    """A folder in which file0 and file2 are there already."""
    folder = tmp_path / name
    folder.mkdir()
    for there in ("file0", "file2"):
        (folder / there).write_text(OLD)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """What the files hold."""
    return {path.name: path.read_text() for path in sorted(folder.glob("file*"))}


COMPLETE = {f"file{n}": NEW for n in range(4)}
CLEAN = {"file0": OLD, "file2": OLD}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("rescue", ["apply", "undo"])
def test_killed_at_any_write_of_a_run(tmp_path: Path, when: str, rescue: str) -> None:
    """Going on ends complete, going back ends clean, whichever write was the last."""
    left = 0
    while True:
        left += 1
        folder = fresh(tmp_path, f"at-{left}")
        if forked(folder, "apply", left, when) == 0:
            break
        assert forked(folder, rescue, 0) == 0, f"rescue failed after a kill {when} write {left}"
        run = History(folder / "journal.db").latest()
        assert run is not None
        if rescue == "apply":
            assert (contents(folder), run.state) == (COMPLETE, RunState.UNCONFIRMED), f"killed {when} write {left}"
            assert {record.status for record in run.steps} == {Status.DONE}
        else:
            assert (contents(folder), run.state) == (CLEAN, RunState.ROLLED_BACK), f"killed {when} write {left}"
    assert left > 5 * len(PLAN.steps), "the loop met too few writes to prove anything"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_write_of_an_undo(tmp_path: Path, when: str) -> None:
    """Undo again ends clean."""
    left = 0
    while True:
        left += 1
        folder = fresh(tmp_path, f"at-{left}")
        assert forked(folder, "apply", 0) == 0
        if forked(folder, "undo", left, when) == 0:
            break
        assert forked(folder, "undo", 0) == 0
        run = History(folder / "journal.db").latest()
        assert run is not None
        assert (contents(folder), run.state) == (CLEAN, RunState.ROLLED_BACK), f"killed {when} write {left}"
        assert {record.status for record in run.steps} == {Status.UNDONE}
    assert left > 3 * len(PLAN.steps)


def test_killed_twice(tmp_path: Path) -> None:
    """The resume is killed too, at each of its writes; the third try completes."""
    for left in range(1, 40):
        folder = fresh(tmp_path, f"at-{left}")
        assert forked(folder, "apply", 12) == -signal.SIGKILL
        if forked(folder, "apply", left) == 0:
            return
        assert forked(folder, "apply", 0) == 0
        assert contents(folder) == COMPLETE
    pytest.fail("the resume never came to its end")
