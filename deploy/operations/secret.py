"""secret: files with passwords.

They are never shown, never readable by anybody else, and replaced by rename.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation

from deploy.commands import Commands
from deploy.connector import BESIDE
from deploy.facts.paths import Paths, PathState
from deploy.notes import note


@dataclass(frozen=True)
class Secret:
    """A file with exactly this content."""

    path: str
    content: str = field(repr=False)
    mode: int = 0o600
    user: str = "root"
    group: str = "root"

    def stands(self, state: PathState | None) -> bool:
        """Return whether its path is in this state."""
        wanted = ("file", self.mode, self.user, self.group, self.content.encode())
        return state is not None and wanted == (state.kind, state.mode, state.user, state.group, state.content)

    @property
    def move(self) -> str:
        """Return the shell command that sets the uploaded file's owner and mode, then renames it."""
        path, beside = shlex.quote(self.path), shlex.quote(self.path + BESIDE)
        return f"chown {self.user}:{self.group} {beside} && chmod {self.mode:o} {beside} && mv -fT {beside} {path}"


@operation()
def secret(files: Sequence[Secret]) -> Commands:
    """Write these files where they differ.

    pyinfra's files.put sets owner and mode only after the rename, and its preview shows the content.
    """
    yield from written(files)


def written(files: Sequence[Secret], say: Callable[[str], None] = note) -> Commands:
    """Yield the commands that write the files that differ. `say` is note, or guess."""
    states = host.get_fact(Paths, paths=tuple(file.path for file in files))
    wrong = [file for file in files if not file.stands(states.get(file.path))]
    for file in wrong:
        sign = "~" if file.path in states else "+"
        say(f"{sign} {file.path} {file.mode:o} {file.user}:{file.group} (content not shown)")
    for file in wrong:
        yield FileUploadCommand(io.StringIO(file.content), file.path + BESIDE)
    if wrong:
        yield StringCommand(" && ".join(file.move for file in wrong))
