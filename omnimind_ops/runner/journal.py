"""Journal: the durable state of runs. Each write is one transaction, on the disk when it returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from omnimind_ops.model.event import Event, Progress
from omnimind_ops.model.event_json import data_of
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.run import Memo, Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.runner import copies, database, records
from omnimind_ops.runner.clock import Clock, stamp, utc_now
from omnimind_ops.runner.records import RecordedEvent
from omnimind_ops.tools.redact import redact, refuse_secrets

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

N = TypeVar("N", bound="DataclassInstance")
Statement = tuple[str, tuple[str | float | None, ...]]
_NEW_STEP = "INSERT INTO step (run, position, id, status) VALUES (?, ?, ?, ?)"
_OLD_RUN = (
    "INSERT OR IGNORE INTO run (id, name, digest, plan, setup, state, started, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_OLD_STEP = (
    "INSERT OR IGNORE INTO step (run, position, id, status, started, seconds, problem) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_NOTE = "INSERT OR REPLACE INTO memo (run, step, key, value) VALUES (?, ?, ?, ?)"
_ENDED = frozenset({RunState.CONFIRMED, RunState.ROLLED_BACK, RunState.FINISHED, RunState.FAILED})


class Journal:
    """The journal, opened for writing. Any failure of the file is a Problem. Thread-safe.

    One that is gone or damaged is made again from the copies of its runs (copies.py).
    """

    def __init__(self, path: Path, *, clock: Clock = utc_now) -> None:
        self.path = path
        self.clock = clock
        self._lock = threading.RLock()
        lost = copies.missing(path)
        if lost and path.exists():
            copies.set_aside(path, f"{clock():%Y%m%d-%H%M%S}")
        self._db = database.open_to_write(path)
        for run in reversed(lost.runs) if lost else ():
            self._restore(run)

    def create(self, plan: Plan, setup: Mapping[str, JSON], *, id: str = "") -> Run:
        """Record a run before its first step; return it.

        The ID is made from the time and the plan's name unless given. Secrets are a ValueError.
        """
        refuse_secrets(setup, "setup")
        for step in plan.steps:
            refuse_secrets(step.args, f"step {step.id}")
        now = self.clock()
        with self._lock:
            run = id or self._free_id(f"{now:%Y%m%d-%H%M%S}-{plan.name}")
            row = (
                run,
                plan.name,
                plan.digest,
                records.plan_text(plan),
                json.dumps(dict(setup)),
                RunState.RUNNING,
                stamp(now),
            )
            self._write(
                ("INSERT INTO run (id, name, digest, plan, setup, state, started) VALUES (?, ?, ?, ?, ?, ?, ?)", row),
                *((_NEW_STEP, (run, position, step.id, Status.TODO)) for position, step in enumerate(plan.steps)),
            )
        created = self.run(run)
        copies.save(self.path, created)
        return created

    def mark(
        self, run: str, step: str, status: Status, *, seconds: float | None = None, problem: str | None = None
    ) -> None:
        """Record a step's status.

        DOING starts its time and clears an earlier problem; None keeps the recorded value.
        """
        if status is Status.DOING:
            row: tuple[str | float | None, ...] = (status, stamp(self.clock()), run, step)
            statement = (
                "UPDATE step SET status = ?, started = ?, seconds = NULL, problem = NULL WHERE run = ? AND id = ?"
            )
        else:
            row = (status, seconds, None if problem is None else redact(problem), run, step)
            statement = (
                "UPDATE step SET status = ?, seconds = coalesce(?, seconds), problem = coalesce(?, problem) "
                "WHERE run = ? AND id = ?"
            )
        if not self._write((statement, row)):
            raise KeyError(f"run {run} has no step {step}")
        copies.save(self.path, self.run(run))

    def state(self, run: str, state: RunState) -> None:
        """Record the state of a run, and when it ended."""
        ended = stamp(self.clock()) if state in _ENDED else None
        if not self._write(("UPDATE run SET state = ?, ended = ? WHERE id = ?", (state, ended, run))):
            raise KeyError(f"the journal has no run {run}")
        copies.save(self.path, self.run(run))

    def append(self, run: str, event: Event) -> None:
        """Add an event to the run's log unchanged (the recorder removes secrets); progress is not stored.

        A power loss may lose the last events, kill -9 does not.
        """
        if isinstance(event, Progress):
            return
        row = (run, stamp(self.clock()), event.kind, event.step, event.text, json.dumps(data_of(event)))
        self._write(
            ("INSERT INTO event (run, at, kind, step, text, data) VALUES (?, ?, ?, ?, ?, ?)", row), durable=False
        )

    def memo(self, run: str, step: str, kind: type[N]) -> Memo[N]:
        """Return a step's notes of that kind."""
        return Memo(RunNotes(self, run), step, kind)

    def note(self, run: str, step: str, notes: Mapping[str, JSON]) -> None:
        """Record notes of a step in one transaction; a secret is a ValueError."""
        refuse_secrets(notes, f"the notes of step {step}")
        self._write(*((_NOTE, (run, step, key, json.dumps(value))) for key, value in notes.items()))
        copies.save(self.path, self.run(run))

    def notes(self, run: str, step: str) -> Mapping[str, JSON]:
        """Return all notes of a step, empty for an unknown step."""
        with self._read() as db:
            return records.load_memo(db, run, step)

    def run(self, id: str) -> Run:
        """Return one run; an unknown ID is a Problem."""
        with self._read() as db:
            return records.load_run(db, id)

    def runs(self) -> tuple[Run, ...]:
        """Return every run, newest first."""
        with self._read() as db:
            return records.load_runs(db)

    def latest(self, *, unfinished: bool = False, name: str = "") -> Run | None:
        """Return the newest run; `unfinished`: only one that is still waiting; `name`: only one of that plan name."""
        with self._read() as db:
            return records.latest_run(db, unfinished=unfinished, name=name)

    def events(self, run: str, *, after: int = 0) -> tuple[RecordedEvent, ...]:
        """Return a run's log, oldest first."""
        with self._read() as db:
            return tuple(records.load_events(db, run, after))

    def close(self) -> None:
        """Close the file; SQLite then merges -wal into it. Share it: a run may have given its folder to a group."""
        with self._lock:
            self._db.close()
            database.share(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _restore(self, run: Run) -> None:
        """Write a run from its copy, in one transaction; its log is lost."""
        plan, digest = records.plan_text(run.plan), run.plan.digest
        row = (run.id, run.plan.name, digest, plan, json.dumps(dict(run.setup)), run.state, run.started, run.ended)
        steps = [
            (_OLD_STEP, (run.id, position, of.step.id, of.status, of.started, of.seconds, of.problem))
            for position, of in enumerate(run.steps)
        ]
        notes = [
            (_NOTE, (run.id, of.step.id, key, json.dumps(value)))
            for of in run.steps
            for key, value in (of.memo or {}).items()
        ]
        self._write((_OLD_RUN, row), *steps, *notes)

    def _free_id(self, preferred: str) -> str:
        taken = {row[0] for row in self._db.execute("SELECT id FROM run")}
        return next(
            id for id in (preferred, *(f"{preferred}-{n}" for n in range(2, len(taken) + 3))) if id not in taken
        )

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise database.unusable(self.path, error) from error

    def _write(self, *statements: Statement, durable: bool = True) -> int:
        """Run statements as one transaction; return how many rows the last one changed.

        On a full disk the reserve is freed first.
        """
        with self._read():
            try:
                return self._transaction(statements, durable)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL or not database.spend_reserve(self.path):
                    raise
                return self._transaction(statements, durable)

    def _transaction(self, statements: Sequence[Statement], durable: bool) -> int:
        changed = 0
        # Only the log is written without fsync: it may have thousands of lines, and the next durable write syncs it
        # too.
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                changed = self._db.execute(statement, values).rowcount
            self._commit()
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        return changed

    def _commit(self) -> None:
        """Commit: the only place where a change takes effect. The crash test kills the process before and after it."""
        self._db.execute("COMMIT")


@dataclass(frozen=True)
class RunNotes:
    """A run's notes in the journal (model.run.Notes)."""

    journal: Journal
    run: str

    def load(self, step: str) -> Mapping[str, JSON]:
        """Return a step's notes."""
        return self.journal.notes(self.run, step)

    def save(self, step: str, notes: Mapping[str, JSON]) -> None:
        """Write notes; they are on the disk when this returns."""
        self.journal.note(self.run, step, notes)
