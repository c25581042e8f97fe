"""Notes: descriptions of an operation's changes for people.

Operations log them, as pyinfra's own do, and the job collects them. An operation without notes is described by its
commands.
"""

from __future__ import annotations

import difflib
import logging
import shlex
from collections import defaultdict
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from pyinfra import logger
from pyinfra.api import FileUploadCommand, Host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.util import get_file_io
from pyinfra.facts.files import FileContents

GUESS = logging.INFO + 1
"""Log level for a change that is not certain, because the thing it depends on does not exist yet."""


def note(*lines: str) -> None:
    """Describe a change of the current operation."""
    for line in lines:
        logger.info("%s", line)


def guess(*lines: str) -> None:
    """Describe a possible change of the current operation, which depends on something that does not exist yet."""
    for line in lines:
        logger.log(GUESS, "%s", line)


class Notes(logging.Handler):
    """The lines that each operation of a host logs, by its hash; `guesses` are the operations with uncertain changes.

    Use it as a context manager.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(logging.INFO)
        self.host = host
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.guesses: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line logged inside an operation. pyinfra's own remarks about the run are logged outside."""
        operation = self.host.current_op_hash
        if operation is None or record.levelno > GUESS:
            return
        self.lines[operation].append(record.getMessage())
        if record.levelno == GUESS:
            self.guesses.add(operation)

    def __enter__(self) -> Self:
        logger.addHandler(self)
        logger.setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logger.removeHandler(self)


def describe(commands: Iterable[PyinfraCommand], host: Host) -> list[str]:
    """Return commands as lines: a folder or file with its changes, anything else as the command itself."""
    lines: list[str] = []
    heads: dict[str, int] = {}  # path → number of its line, to which mode and owner are appended
    for command in commands:
        if isinstance(command, FileUploadCommand):
            heads[command.dest] = len(lines)
            lines += _describe_upload(command, host)
            continue
        match shlex.split(str(command)):
            case ["mkdir", "-p", path]:
                heads[path] = len(lines)
                lines.append(f"+ {path} (folder)")
            case ["chmod" | "chown", value, path]:
                if path not in heads:
                    heads[path] = len(lines)
                    lines.append(f"~ {path}")
                lines[heads[path]] += f" {value}"
            case _:
                lines.append(str(command))
    return lines


def _describe_upload(command: FileUploadCommand, host: Host) -> list[str]:
    with get_file_io(command.src, "r") as source:
        new = source.read().splitlines()
    old = host.get_fact(FileContents, path=command.dest)
    if old is None:
        return [f"+ {command.dest} ({len(new)} lines)"]
    diff = difflib.unified_diff(old, new, lineterm="", n=1)
    return [f"~ {command.dest}", *(f"    {line}" for line in diff if not line.startswith(("---", "+++")))]
