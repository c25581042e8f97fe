"""Batches of facts: one shell reads the facts of many operations. Valid only while nothing on the host changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyinfra.api.exceptions import PyinfraError

Answer = tuple[int, list[str]]
"""Exit status and lines of stdout."""
Execute = Callable[[str, str], tuple[int, Sequence[str]]]
"""Run a command with a text on its stdin. Return its exit status and lines of stdout."""
MARK = "omnimind-fact-"


class UnansweredError(PyinfraError):
    """A role needs a fact that has not been read yet."""


@dataclass
class Batch:
    """Answers by command.

    `open` are the commands asked since the last answer(); `unanswered` counts questions without an answer.

    An operation that asks an open question gets an empty answer, as on an empty host, so that it continues and asks the
    rest; it is prepared again once the answers are known. A role is stopped instead, because with empty answers it
    would ask questions that no real host leads to.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)
    unanswered: int = 0
    is_closed: bool = False

    def ask(self, command: str, in_operation: bool) -> Answer | None:
        """Return the answer to a fact's command; None if the batch is closed and has no answer."""
        if command in self.answers or self.is_closed:
            return self.answers.get(command)
        self.open[command] = None
        self.unanswered += 1
        if not in_operation:
            raise UnansweredError(command)
        return 0, []

    def answer(self, execute: Execute) -> None:
        """Run all open commands in one shell."""
        commands = tuple(self.open)
        _, lines = execute("sh -s", script(commands)) if commands else (0, ())
        answers = parse(lines)
        if len(answers) != len(commands):  # one of them broke the shell: run each in a separate one
            answers = [(code, list(lines)) for code, lines in (execute(command, "") for command in commands)]
        self.answers.update(zip(commands, answers, strict=True))
        self.open.clear()


def script(commands: Sequence[str]) -> str:
    """Return a script that runs the commands, each followed by a line with its number and exit status.

    The first echo ends a last line without a line break.
    """
    return "".join(
        f"( {command}\n) </dev/null\nomnimind_status=$?; echo; echo {MARK}{number} $omnimind_status\n"
        for number, command in enumerate(commands)
    )


def parse(output: Sequence[str]) -> list[Answer]:
    """Return the answers in the script's output."""
    answers: list[Answer] = []
    lines: list[str] = []
    for line in output:
        mark, _, status = line.partition(" ")
        if mark == f"{MARK}{len(answers)}" and status.isdigit():
            answers.append((int(status), lines[:-1] if lines[-1:] == [""] else lines))
            lines = []
        else:
            lines.append(line)
    return answers
