"""A run of file-writing steps that kills itself (SIGKILL) before or after the Nth commit.

Arguments: folder, verb, N, before|after.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.payloads import Payload
from omnimind_ops.model.plan import Change, Plan, Preview, Step, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.rollback import undo


@dataclass(frozen=True)
class FilePayload(Payload):
    """A file's name."""

    kind = "file"
    name: str


@dataclass(frozen=True)
class FileNotes:
    """What was in it, "" without one, and that it is half written."""

    before: str | None = None
    half: bool | None = None


PLAN = Plan("files", tuple(Step.of(f"s{n}", FilePayload(f"file{n}"), f"write file {n}") for n in range(4)))
OLD, NEW = "as it was\n", "new\n"


class Doomed(Journal):
    """A journal that dies around its Nth commit; 0 never."""

    left = 0
    after = False

    def _commit(self) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._commit()
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class WriteFile:
    """Writes a file; undo puts back what was there, or takes the file away."""

    payload: ClassVar = FilePayload
    notes: ClassVar = FileNotes
    folder: Path

    def preview(self, step: Task[FilePayload]) -> Preview:
        """Yes."""
        return Preview(step.id, Change.YES)

    def do(self, step: Task[FilePayload], memo: Memo[FileNotes], tell: Tell) -> bool:
        """Note what was there, then write in two halves."""
        path = self.folder / step.payload.name
        if memo.read().before is None:
            memo.write(FileNotes(before=path.read_text() if path.exists() else ""))
        tell(line(step.id, f"writing {path.name}"))
        with path.open("w") as file:
            file.write(NEW[:2])
            file.flush()
            memo.write(FileNotes(half=True))
            file.write(NEW[2:])
        return True

    def undo(self, step: Task[FilePayload], memo: Memo[FileNotes], tell: Tell) -> None:
        """Put it back."""
        path = self.folder / step.payload.name
        before = memo.read().before
        if before is None:
            return  # killed before it touched anything
        if before:
            path.write_text(before)
        else:
            path.unlink(missing_ok=True)
        tell(line(step.id, f"put back {path.name}"))


def main(folder: Path, verb: str, left: int, when: str) -> None:
    """Start or go on (apply), or take back (undo); die as told."""
    with Doomed(folder / "journal.db") as journal:
        journal.left, journal.after = left, when == "after"
        run = journal.latest() or journal.create(PLAN, {})
        handlers = {"file": WriteFile(folder)}
        (runner.apply if verb == "apply" else undo)(run, journal, handlers, lambda event: None)


def forked(folder: Path, verb: str, left: int = 0, when: str = "before", moment: float | None = None) -> int:
    """Do the same in a process of its own, killed after `moment` seconds; return its exit code, or minus the signal
    that ended it.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            main(folder, verb, left, when)
            code = 0
        finally:
            os._exit(code)
    if moment is not None:
        time.sleep(moment)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
