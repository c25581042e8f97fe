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
from deploy.connector import NEW_SUFFIX
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

    def matches(self, state: PathState | None) -> bool:
        """Return whether its path is in this state."""
        expected = ("file", self.mode, self.user, self.group, self.content.encode())
        return state is not None and expected == (state.kind, state.mode, state.user, state.group, state.content)

    @property
    def install_command(self) -> str:
        """Return the shell command that sets the uploaded file's owner and mode, then renames it."""
        path, temporary = shlex.quote(self.path), shlex.quote(self.path + NEW_SUFFIX)
        owner = f"chown {self.user}:{self.group} {temporary}"
        return f"{owner} && chmod {self.mode:o} {temporary} && mv -fT {temporary} {path}"


@operation()
def secret(files: Sequence[Secret]) -> Commands:
    """Write these files where they differ.

    pyinfra's files.put sets owner and mode only after the rename, and its preview shows the content.
    """
    yield from write(files)


def write(files: Sequence[Secret], describe: Callable[[str], None] = note) -> Commands:
    """Yield the commands that write the files that differ. `describe` is note, or guess."""
    states = host.get_fact(Paths, paths=tuple(file.path for file in files))
    outdated = [file for file in files if not file.matches(states.get(file.path))]
    for file in outdated:
        sign = "~" if file.path in states else "+"
        describe(f"{sign} {file.path} {file.mode:o} {file.user}:{file.group} (content not shown)")
    for file in outdated:
        yield FileUploadCommand(io.StringIO(file.content), file.path + NEW_SUFFIX)
    if outdated:
        yield StringCommand(" && ".join(file.install_command for file in outdated))
