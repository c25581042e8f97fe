"""The journal: real SQLite in real files."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnimind_ops.model.codec import INLINE
from omnimind_ops.model.event import Event, Result, line, progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner import database, resume
from omnimind_ops.runner.events import EventRecorder
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.tools.redact import is_secret_name, redact

NOW = datetime(2026, 11, 23, 10, 45, 1, tzinfo=UTC)
PLAN = Plan(
    "migrate", (Step("a", "file", "one", {"paths": ["x"]}), Step("b", "file", "two", undo=Undo.NO, phase="cutover"))
)


@dataclass(frozen=True)
class AnyNotes:
    """Whatever a test notes."""

    keys: Mapping[str, JSON] = field(default_factory=dict, metadata=INLINE)


def opened(tmp_path: Path) -> Journal:
    """A journal at a fixed time."""
    return Journal(tmp_path / "state" / "journal.db", clock=lambda: NOW)


def test_a_run_reads_back_as_written(tmp_path: Path) -> None:
    """By another process too, through History."""
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {"source": "compose"})
        assert run.id == "20261123-104501-migrate"
        assert journal.create(PLAN, {}).id == "20261123-104501-migrate-2"
        assert journal.create(PLAN, {}, id="mine").id == "mine"
        assert run.plan == PLAN
        assert run.plan.digest == PLAN.digest
        assert (run.state, run.setup, run.ended) == (RunState.RUNNING, {"source": "compose"}, None)
        journal.mark(run.id, "a", Status.DOING)
        before: Mapping[str, JSON] = {"before": {"mode": 0o644, "list": [1, None, "x"]}}
        journal.memo(run.id, "a", AnyNotes).write(AnyNotes(before))
        journal.mark(run.id, "a", Status.DONE, seconds=1.5)
        assert History(journal.path).run(run.id) == journal.run(run.id)
        record = journal.run(run.id).steps[0]
        assert (record.status, record.seconds, record.started) == (Status.DONE, 1.5, "2026-11-23T10:45:01.000+00:00")
        assert record.memo == before
        assert journal.memo(run.id, "b", AnyNotes).of("a", AnyNotes).keys == before
        assert journal.memo(run.id, "b", AnyNotes).read().keys == {}
        assert [known.id for known in journal.runs()] == ["mine", "20261123-104501-migrate-2", run.id]


def test_latest_unfinished(tmp_path: Path) -> None:
    """The newest that waits for something."""
    with opened(tmp_path) as journal:
        assert journal.latest() is None
        old, new = journal.create(PLAN, {}), journal.create(Plan("up", ()), {})
        journal.state(new.id, RunState.CONFIRMED)

        def found(run: Run | None) -> str:
            return run.id if run else ""

        assert found(journal.latest()) == new.id
        assert found(journal.latest(unfinished=True)) == old.id
        assert found(journal.latest(name="migrate")) == old.id
        assert journal.run(new.id).ended == "2026-11-23T10:45:01.000+00:00"


def test_doing_again_forgets_the_old_problem(tmp_path: Path) -> None:
    """A problem stays while it is undone, and goes when it is done again."""
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {})
        journal.mark(run.id, "a", Status.FAILED, seconds=2, problem="cannot reach redis://:hunter2@localhost")
        journal.mark(run.id, "a", Status.UNDONE)
        assert journal.run(run.id).steps[0].problem == "cannot reach redis://***@localhost"
        journal.mark(run.id, "a", Status.DOING)
        assert journal.run(run.id).steps[0].problem is None


def test_progress_is_not_logged_and_secrets_are_blotted_out(tmp_path: Path) -> None:
    """Lines are, in order, and can be followed by number."""
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {}).id
        events: list[Event] = []
        record = EventRecorder(journal, run, events.append)
        record(line("a", "POSTGRES_PASSWORD=hunter2 set"))
        record(progress("a", "copying", 1, 2))
        record(Result("x", {"url": "redis://u:pw@h", "token": "t", "deep": [{"api_key": "k", "n": 1}]}))
        first, second = journal.events(run)
        assert first.event == line("a", "POSTGRES_PASSWORD=*** set")
        assert isinstance(second.event, Result)
        assert second.event.data == {"url": "redis://***@h", "token": "***", "deep": [{"api_key": "***", "n": 1}]}
        assert events == [first.event, progress("a", "copying", 1, 2), second.event]
        assert History(journal.path).events(run, after=first.number) == (second,)


@pytest.mark.parametrize("where", ["setup", "args", "memo"])
@pytest.mark.parametrize(
    ("key", "value"), [("db_password", "hunter2"), ("url", "postgres://u:hunter2@h/db"), ("apiKey", "k")]
)
def test_a_secret_is_refused(tmp_path: Path, where: str, key: str, value: JSON) -> None:
    """It never reaches the disk."""
    with opened(tmp_path) as journal:
        with pytest.raises(ValueError, match="looks like a secret"):
            if where == "memo":
                journal.memo(journal.create(PLAN, {}).id, "a", AnyNotes).write(AnyNotes({key: value}))
            else:
                plan = Plan("p", (Step("a", "k", "t", {key: value} if where == "args" else {}),))
                journal.create(plan, {key: value} if where == "setup" else {})
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert all(b"hunter2" not in path.read_bytes() for path in files)


def test_what_is_a_secrets_name() -> None:
    """The last word counts."""
    assert all(
        map(is_secret_name, ("password", "POSTGRES_PASSWORD", "api-key", "apiKey", "accessToken", "client.secret"))
    )
    assert not any(
        map(is_secret_name, ("password_file", "password_of", "api_key_of", "tokens", "secrets", "author", "keyspace"))
    )
    assert redact("Authorization: Bearer abcdefghijk") == "Authorization: Bearer ***"
    assert redact("redis-server --requirepass hunter2 -a") == "redis-server --requirepass *** -a"
    assert redact("cp -a /from /to; keys: 12") == "cp -a /from /to; keys: 12"
    assert redact("https://host:6333/path and 10:45:01@x") == "https://host:6333/path and 10:45:01@x"


def test_the_file_is_for_root_only(tmp_path: Path) -> None:
    """And so are -wal and -shm beside it."""
    before = os.umask(0)
    try:
        with opened(tmp_path) as journal:
            journal.create(PLAN, {})
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in journal.path.parent.glob("journal.db*")}
    finally:
        os.umask(before)
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600, "journal.db-reserve": 0o600}


def test_its_tables_need_no_newer_sqlite_than_debian_11_has(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.db").close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        tables = [
            row[0]
            for row in db.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name IN ('run', 'step', 'memo', 'event')"
            )
        ]
    assert len(tables) == 4
    assert not any("STRICT" in table for table in tables), "SQLite 3.37; Debian 11 has 3.34"


def test_every_commit_is_synced(tmp_path: Path) -> None:
    """WAL with synchronous=FULL."""
    with opened(tmp_path) as journal:
        journal.create(PLAN, {})
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reading_makes_no_file(tmp_path: Path) -> None:
    """Neither when there is no journal nor when there is one."""
    history = History(tmp_path / "none" / "journal.db")
    assert (history.runs(), history.latest(), history.events("x")) == ((), None, ())
    with pytest.raises(Problem, match="cannot find run"):
        history.run("x")
    assert list(tmp_path.iterdir()) == []
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {})
    files = sorted(path.name for path in journal.path.parent.rglob("*"))
    assert History(journal.path).runs() == (run,)
    assert sorted(path.name for path in journal.path.parent.rglob("*")) == files
    assert files == [run.id, "journal.db", "journal.db-reserve", "receipts", "run.json"]


def test_history_follows_a_run_at_work(tmp_path: Path) -> None:
    """Reads what another connection has committed and not yet folded in."""
    with opened(tmp_path) as journal:
        history = History(journal.path)
        run = journal.create(PLAN, {}).id
        journal.mark(run, "a", Status.DOING)
        assert history.run(run).steps[0].status is Status.DOING
        journal.mark(run, "a", Status.DONE)
        assert history.run(run).steps[0].status is Status.DONE


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """To write and to read."""
    opened(tmp_path).close()
    path = tmp_path / "state" / "journal.db"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={database.VERSION + 1}")
    db.close()
    with pytest.raises(Problem, match="format 2"):
        opened(tmp_path)
    with pytest.raises(Problem, match="format 2"):
        History(path).runs()


def test_a_file_that_is_no_journal_is_a_problem(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Problem, match=r"journal\.db"):
        Journal(path)
    with pytest.raises(Problem, match=r"journal\.db"):
        History(path).runs()


def test_threads_may_write(tmp_path: Path) -> None:
    """A step's reader thread tells lines while the step puts notes."""
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {}).id

        def tell_lines() -> None:
            for _ in range(50):
                journal.append(run, line("a", "x"))

        threads = [threading.Thread(target=tell_lines) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(50):
            journal.memo(run, "a", AnyNotes).write(AnyNotes({"n": n}))
        for thread in threads:
            thread.join()
        assert len(journal.events(run)) == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 2 MiB, or a skip that says why."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)), capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"needs root to mount a small file system: {made.stderr.strip()}")
    return disk


def test_a_full_disk_still_has_room_to_go_back(small_disk: Path) -> None:
    """A copy filled the partition: the reserve is spent, and marks can be written."""
    try:
        with Journal(small_disk / "journal.db") as journal:
            run = journal.create(PLAN, {}).id
            with pytest.raises(OSError, match="No space"), (small_disk / "copy").open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            for n in range(60):
                journal.append(run, line("a", f"{n}" * 100))
                journal.mark(run, "a", Status.UNDOING)
            assert not (small_disk / "journal.db-reserve").exists()
            assert journal.run(run).steps[0].status is Status.UNDOING
        (small_disk / "copy").unlink()
        Journal(small_disk / "journal.db").close()
        assert (small_disk / "journal.db-reserve").stat().st_size == database.RESERVE_BYTES
    finally:
        subprocess.run(("umount", str(small_disk)), check=True)


def test_other_arguments_are_refused(tmp_path: Path) -> None:
    """A resume names what differs; a tuple is a list."""
    with opened(tmp_path) as journal:
        run = journal.create(PLAN, {"source": "compose", "ports": (1, 2)})
    resume.refuse_other(run, {"source": "compose", "ports": (1, 2)})
    with pytest.raises(
        Problem, match="source was 'compose' and is now 'backup'; uploads was not given and is now '/x'"
    ):
        resume.refuse_other(run, {"source": "backup", "ports": [1, 2], "uploads": "/x"})
