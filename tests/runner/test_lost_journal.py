"""A journal that is gone or damaged is made again from the copies of its runs: real SQLite, real files."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal

PLAN = Plan("migrate", (Step("a", "file", "one", {"paths": ["x"]}), Step("b", "file", "two", undo=Undo.NO)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with two migrations and a recovery of the guard."""
    path = tmp_path / "state/journal.db"
    with Journal(path) as journal:
        journal.state(journal.create(PLAN, {"source": "compose"}, id="1").id, RunState.ROLLED_BACK)
        run = journal.create(PLAN, {"source": "compose"}, id="2")
        journal.mark(run.id, "a", Status.DOING)
        journal.note(run.id, "a", {"before": {"mode": 0o644, "list": [1, None, "x"]}})
        journal.mark(run.id, "a", Status.FAILED, seconds=1.5, problem="cannot do a: it is told so")
        journal.state(run.id, RunState.CONFIRMED)
        journal.create(Plan("recover", (Step("r", "restart", "r", undo=Undo.NO),)), {"service": "redis"}, id="3")
    return path


def migrations(path: Path) -> tuple[Run, ...]:
    return tuple(run for run in History(path).runs() if run.plan.name == "migrate")


def gone(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    """The end of the file is missing, as after a file system check."""
    path.write_bytes(path.read_bytes()[:5000])


def malformed(path: Path) -> None:
    """Pages of something else in the middle."""
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(byte ^ 0xA5 for byte in content[4096:])
    path.write_bytes(content)


def zeroes(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


LOSSES = [gone, cut_off, malformed, zeroes, empty]


@pytest.mark.parametrize("lose", LOSSES)
def test_runs_are_read_from_their_copies(path: Path, lose: Callable[[Path], None]) -> None:
    before = migrations(path)
    lose(path)
    content = path.read_bytes() if path.exists() else None
    assert migrations(path) == before
    assert History(path).latest(name="migrate") == before[0] == History(path).run("2")
    assert History(path).latest(unfinished=True) is None
    assert [entry.id for entry in History(path).summaries(limit=5)] == ["2", "1"]
    assert History(path).events("2") == ()
    assert (path.read_bytes() if path.exists() else None) == content


@pytest.mark.parametrize("lose", LOSSES)
def test_the_next_change_makes_the_journal_again_and_keeps_the_damaged_one(
    path: Path, lose: Callable[[Path], None]
) -> None:
    before = migrations(path)
    lose(path)
    content = path.read_bytes() if path.exists() else None
    with Journal(path) as journal:
        assert journal.runs() == before
        assert journal.notes("2", "a") == {"before": {"mode": 0o644, "list": [1, None, "x"]}}
        journal.state("2", RunState.ROLLED_BACK)
    assert History(path).run("2").state is RunState.ROLLED_BACK
    damaged = list(path.parent.glob("journal.db.damaged-*"))
    assert [file.read_bytes() for file in damaged] == ([] if content is None else [content])


def test_a_sound_journal_is_not_made_again(path: Path) -> None:
    copy = path.with_name("receipts") / "2/run.json"
    copy.write_text(json.dumps(json.loads(copy.read_text()) | {"state": "failed"}))
    with Journal(path) as journal:
        assert journal.run("2").state is RunState.CONFIRMED
    assert not list(path.parent.glob("*.damaged-*"))


def test_copies_are_private_and_recoveries_have_none(path: Path) -> None:
    receipts = path.with_name("receipts")
    assert sorted(folder.name for folder in receipts.iterdir()) == ["1", "2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in receipts.rglob("run.json")} == {0o600}


def test_a_copy_that_cannot_be_read_hides_no_other(path: Path) -> None:
    (path.with_name("receipts") / "2/run.json").write_text('{"format": 99}')
    path.unlink()
    assert [run.id for run in migrations(path)] == ["1"]


def test_a_full_disk_stops_no_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receipts = path.with_name("receipts") / "2"
    (receipts / "run.json").rename(receipts / "kept")
    (receipts / ".run.json").mkdir()  # cannot be opened for writing
    with Journal(path) as journal:
        journal.state("2", RunState.ROLLING_BACK)
        assert journal.run("2").state is RunState.ROLLING_BACK


def test_without_copies_a_damaged_journal_stays_a_problem(path: Path) -> None:
    for file in path.with_name("receipts").rglob("run.json"):
        file.unlink()
    path.write_bytes(bytes(5000))
    with pytest.raises(Problem, match="cannot use the journal"):
        History(path).runs()
