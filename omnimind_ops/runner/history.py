"""History: the journal, read-only.

For `runs`, `receipt` and previews: it creates no file and follows a run that another process writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.runner import records
from omnimind_ops.runner.database import open_to_read
from omnimind_ops.runner.records import RecordedEvent, RunSummary


@dataclass(frozen=True)
class History:
    """Each call opens the file, reads it and closes it; a missing journal is an empty one."""

    path: Path

    def runs(self) -> tuple[Run, ...]:
        """Return every run, newest first."""
        with open_to_read(self.path) as db:
            return records.load_runs(db) if db else ()

    def summaries(self, *, limit: int, name: str = "") -> tuple[RunSummary, ...]:
        """Return the newest runs as list entries, newest first; `name`: only those of that plan name."""
        with open_to_read(self.path) as db:
            return records.load_summaries(db, limit=limit, name=name) if db else ()

    def run(self, id: str) -> Run:
        """Return one run; an unknown ID is a Problem."""
        with open_to_read(self.path) as db:
            if db:
                return records.load_run(db, id)
        raise Problem(
            f"cannot find run {id}",
            f"no run was started on this host yet: there is no {self.path}",
            "check the host: omnimind doctor",
        )

    def latest(self, *, unfinished: bool = False, name: str = "") -> Run | None:
        """Return the newest run; `unfinished`: only one that is still waiting; `name`: only one of that plan name."""
        with open_to_read(self.path) as db:
            return records.latest_run(db, unfinished=unfinished, name=name) if db else None

    def events(self, run: str, *, after: int = 0) -> tuple[RecordedEvent, ...]:
        """Return a run's log after event number `after`, oldest first."""
        with open_to_read(self.path) as db:
            return tuple(records.load_events(db, run, after)) if db else ()
