"""kind "export": dump a PostgreSQL database into a file, because the old stack has no place for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.carry import ExportPayload
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.tools.shell import run

SOCKETS = "/var/run/postgresql"
SECONDS = 3600


@dataclass(frozen=True)
class ExportStep:
    """Writes pg_dump's custom format (mode 0600) as PostgreSQL's superuser over its unix socket."""

    payload: ClassVar = ExportPayload
    notes: ClassVar = NoNotes

    def preview(self, step: Task[ExportPayload]) -> Preview:
        """Return the file."""
        return Preview(step.id, Change.YES, (step.payload.file,))

    def do(self, step: Task[ExportPayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Write the file anew."""
        export, file = step.payload, Path(step.payload.file)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_name(f".{file.name}.part")
        command = ("-h", SOCKETS, "-p", str(export.port), "-U", "postgres", "-Fc", "-d", export.database)
        with open(partial, "wb", opener=_open_private) as out:
            run(("pg_dump", *command), timeout=SECONDS, into=out, user="postgres", cwd=Path("/"))
            os.fsync(out.fileno())
        partial.rename(file)
        tell(line(step.id, f"exported PostgreSQL to {file}; read it with pg_restore"))
        return True

    def undo(self, step: Task[ExportPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Keep the file."""


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
