"""kind "database": the migration begins with an empty database; its undo parks what was written into it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import DatabaseNotes
from omnimind_ops.model.payloads import DatabasePayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.postgres.parking import Server, parked_name
from omnimind_ops.tools.shell import run

START_SECONDS = 30.0


@dataclass(frozen=True)
class DatabaseStep:
    """Renames databases; nothing is deleted.

    A database with rows is parked as NAME_before_RUN, and an empty one takes its place. The undo parks the run's own as
    NAME_after_RUN, and gives the earlier one its name back.
    """

    payload: ClassVar = DatabasePayload
    notes: ClassVar = DatabaseNotes
    run: str
    server: Callable[[int], Server] = Server

    def preview(self, step: Task[DatabasePayload]) -> Preview:
        """Return maybe: the server may not be installed yet."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[DatabasePayload], memo: Memo[DatabaseNotes], tell: Tell) -> bool:
        """Park a database that has rows, and create it again with the schema."""
        server, name = self._server(step), step.payload.database
        before = parked_name(name, "before", self.run)
        if memo.read().parking is None:
            memo.write(DatabaseNotes(parking=server.has_rows(name)))
        if not memo.read().parking:
            return False
        if not server.exists(before):
            server.rename(name, before)
            tell(line(step.id, f"database {name} has data of an earlier time: it is called {before} now"))
        if not server.exists(name):
            server.create(name, step.payload.owner)
        run(("systemctl", "restart", native.SCHEMA), timeout=300)
        return True

    def undo(self, step: Task[DatabasePayload], memo: Memo[DatabaseNotes], tell: Tell) -> None:
        """Park what was written since, and restore the earlier database."""
        notes = memo.read()
        if notes.parking is None or notes.undone:
            return
        server, name = self._server(step), step.payload.database
        if not server.answers():  # why the run failed, perhaps: the next migration parks the database
            tell(warning(f"database {name} stays as it is, because PostgreSQL does not answer", step.id))
            return
        before, after = (parked_name(name, when, self.run) for when in ("before", "after"))
        if not notes.parked:
            if server.exists(name) and (not notes.parking or server.exists(before)):
                self._park(server, name, after, step.id, tell, always=notes.parking)
            memo.write(DatabaseNotes(parked=True))
        if server.exists(before) and not server.exists(name):
            server.rename(before, name)
        memo.write(DatabaseNotes(undone=True))

    def _park(self, server: Server, name: str, after: str, step: str, tell: Tell, *, always: bool) -> None:
        if server.has_rows(name):
            server.rename(name, after)
            tell(line(step, f"database {name} is called {after} now: what was written natively is kept until finish"))
        elif always:
            server.drop(name)  # it has no rows

    def _server(self, step: Task[DatabasePayload]) -> Server:
        """Return the server; start it if it does not answer."""
        server, until = self.server(step.payload.port), time.monotonic() + START_SECONDS
        if not server.answers():
            run(("systemctl", "start", native.POSTGRES), check=False)
        while not server.answers() and time.monotonic() < until:
            time.sleep(0.5)
        return server
