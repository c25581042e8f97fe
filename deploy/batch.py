"""batch: the facts of many operations, read by one shell. Sound only while nothing on the host is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyinfra.api.exceptions import PyinfraError

Answer = tuple[int, list[str]]
"""Exit status and lines of stdout."""
Execute = Callable[[str, str], tuple[int, Sequence[str]]]
"""Run a command with a text on its stdin; return its exit status and its lines of stdout."""
MARK = "omnimind-fact-"


class UnansweredError(PyinfraError):
    """A role's own fact is not known yet: what the role does depends on it."""


@dataclass
class Batch:
    """Answers by command; `open` are the commands asked for since the last answer(), `unanswered` is how often
    something had no answer yet.

    An operation that asks for something open gets nothing, as on an empty host, so that it goes on and asks for the
    rest. It is prepared again when the answers are there. A role is stopped instead: on an empty host it would ask for
    things that no real host makes it ask.
    """

    known: dict[str, Answer] = field(default_factory=dict)
    open: dict[str, None] = field(default_factory=dict)
    unanswered: int = 0
    is_closed: bool = False

    def ask(self, command: str, in_operation: bool) -> Answer | None:
        """Return the answer to a fact's command; None when it is closed and has none."""
        if command in self.known or self.is_closed:
            return self.known.get(command)
        self.open[command] = None
        self.unanswered += 1
        if not in_operation:
            raise UnansweredError(command)
        return 0, []

    def answer(self, execute: Execute) -> None:
        """Run all that is open, by one shell."""
        commands = tuple(self.open)
        _, lines = execute("sh -s", script(commands)) if commands else (0, ())
        answers = parse(lines)
        if len(answers) != len(commands):  # one of them has broken the shell: each has one of its own
            answers = [(code, list(lines)) for code, lines in (execute(command, "") for command in commands)]
        self.known.update(zip(commands, answers, strict=True))
        self.open.clear()


def script(commands: Sequence[str]) -> str:
    """Return a script that runs them, each followed by a line with its number and exit status.

    The first echo ends a last line that has no end.
    """
    return "".join(
        f"( {command}\n) </dev/null\nomnimind_status=$?; echo; echo {MARK}{number} $omnimind_status\n"
        for number, command in enumerate(commands)
    )


def parse(output: Sequence[str]) -> list[Answer]:
    """Return the answers in what the script printed."""
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
