"""notes: what an operation would change, in lines for a person.

Operations log them, as pyinfra's own do; the job listens.

An operation that notes nothing is described by its commands.
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
"""Level of a line by an operation that cannot know yet, because what it looks at does not exist."""


def note(*lines: str) -> None:
    """Say what the current operation is about to change."""
    for line in lines:
        logger.info("%s", line)


def guess(*lines: str) -> None:
    """Say what the current operation may change: what it looks at does not exist yet."""
    for line in lines:
        logger.log(GUESS, "%s", line)


class Notes(logging.Handler):
    """The lines that each operation of a host logs, by its hash, and `guesses`: those that cannot know.

    Use as a context manager.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(logging.INFO)
        self.host = host
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.guesses: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line that was logged from within an operation; pyinfra's own remarks about the run come from outside."""
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


def described(commands: Iterable[PyinfraCommand], host: Host) -> list[str]:
    """Return commands as lines: a folder or file with what becomes different in it, anything else as it is run."""
    lines: list[str] = []
    heads: dict[str, int] = {}  # path → number of its line, which mode and owner follow
    for command in commands:
        if isinstance(command, FileUploadCommand):
            heads[command.dest] = len(lines)
            lines += _upload(command, host)
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


def _upload(command: FileUploadCommand, host: Host) -> list[str]:
    with get_file_io(command.src, "r") as source:
        wanted = source.read().splitlines()
    there = host.get_fact(FileContents, path=command.dest)
    if there is None:
        return [f"+ {command.dest} ({len(wanted)} lines)"]
    diff = difflib.unified_diff(there, wanted, lineterm="", n=1)
    return [f"~ {command.dest}", *(f"    {line}" for line in diff if not line.startswith(("---", "+++")))]
