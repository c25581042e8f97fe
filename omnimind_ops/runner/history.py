"""History: the journal, read-only.

For `runs`, `receipt` and previews: it creates no file and follows a run that another process writes. Where the journal
is gone or damaged, it answers from the copies of the runs (copies.py); only their logs are missing then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.runner import copies, records
from omnimind_ops.runner.database import open_to_read
from omnimind_ops.runner.records import RecordedEvent, RunSummary


@dataclass(frozen=True)
class History:
    """Each call opens the file, reads it and closes it; a missing journal is an empty one."""

    path: Path

    def runs(self) -> tuple[Run, ...]:
        """Return every run, newest first."""
        with self._read() as (db, copied):
            return records.load_runs(db) if db else copied

    def summaries(self, *, limit: int, name: str = "") -> tuple[RunSummary, ...]:
        """Return the newest runs as list entries, newest first; `name`: only those of that plan name.

        A negative limit is none.
        """
        with self._read() as (db, copied):
            if db:
                return records.load_summaries(db, limit=limit, name=name)
            wanted = tuple(records.summary(run) for run in copied if name in ("", run.plan.name))
            return wanted[:limit] if limit >= 0 else wanted

    def run(self, id: str) -> Run:
        """Return one run; an unknown ID is a Problem."""
        with self._read() as (db, copied):
            if db:
                return records.load_run(db, id)
            if run := next((run for run in copied if run.id == id), None):
                return run
        raise Problem(
            f"cannot find run {id}",
            f"no run was started on this host yet: there is no {self.path}",
            "check the host: omnimind doctor",
        )

    def latest(self, *, unfinished: bool = False, name: str = "") -> Run | None:
        """Return the newest run; `unfinished`: only one that is still waiting; `name`: only one of that plan name."""
        with self._read() as (db, copied):
            if db:
                return records.latest_run(db, unfinished=unfinished, name=name)
            return next((run for run in copied if records.is_wanted(run, unfinished=unfinished, name=name)), None)

    def events(self, run: str, *, after: int = 0) -> tuple[RecordedEvent, ...]:
        """Return a run's log after event number `after`, oldest first."""
        with self._read() as (db, _):
            return tuple(records.load_events(db, run, after)) if db else ()

    @contextmanager
    def _read(self) -> Iterator[tuple[sqlite3.Connection | None, tuple[Run, ...]]]:
        """Yield the journal, or None and the copies of its runs."""
        lost = copies.missing(self.path)
        if lost:
            yield None, lost.runs
            return
        with open_to_read(self.path) as db:
            yield db, ()
