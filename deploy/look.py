"""look: how roles read facts. Usually each one is a shell of its own; inside looking(), the same fact is read once, and most of them by one shell.

That is only true as long as nothing is changed meanwhile, so it is for a survey: many stages prepared, none executed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pyinfra import host
from pyinfra.api import FactBase
from pyinfra.api.host import Host

T = TypeVar("T")
MARK = "omnimind-fact-"


@dataclass(frozen=True)
class Question:
    """A fact, and what it is asked about."""

    fact: type[FactBase[Any]]
    about: tuple[tuple[str, Hashable], ...]

    @property
    def command(self) -> str:
        """Return the shell command that answers it."""
        return str(self.fact().command(**dict(self.about)))

    def read(self, lines: list[str]) -> Any:
        """Return the fact from what its command printed, as pyinfra does it."""
        return self.fact().process(lines) if lines else self.fact().default()


@dataclass
class Memory:
    """What is known of the host; while rehearsing, nothing is read: what would have been is `open`."""

    known: dict[Question, Any] = field(default_factory=dict)
    open: dict[Question, None] = field(default_factory=dict)
    rehearsing: bool = True


_memory: list[Memory] = []


def look(fact: type[FactBase[T]], **about: Hashable) -> T:
    """Return a fact of the host."""
    if not _memory:
        found: T = host.get_fact(fact, **about)
        return found
    memory, question = _memory[-1], Question(fact, tuple(sorted(about.items())))
    if question not in memory.known:
        if memory.rehearsing:
            memory.open[question] = None
            return fact().default()
        memory.known[question] = host.get_fact(fact, **about)
    known: T = memory.known[question]
    return known


@contextmanager
def looking() -> Iterator[Memory]:
    """Remember facts for the block. It begins with a rehearsal: facts are as on an empty host, until answer() is called."""
    memory = Memory()
    _memory.append(memory)
    try:
        yield memory
    finally:
        _memory.remove(memory)


def answer(memory: Memory, host: Host) -> None:
    """Read all that the rehearsal asked for, by one shell; from now on facts are those of the host."""
    questions = tuple(memory.open)
    told = host.get_fact(Answers, questions=questions) if questions else []
    if len(told) == len(questions):  # else each is asked again, alone, and says what is wrong
        memory.known.update({one: one.read(lines) for one, lines in zip(questions, told, strict=True)})
    memory.rehearsing = False


class Answers(FactBase[list[list[str]]]):
    """What the commands of many questions print, in their order."""

    def command(self, questions: Sequence[Question]) -> str:
        # In a subshell, as its `cd` is its own; the first echo ends a last line that has no end.
        return "\n".join(f"( {one.command} ); echo; echo {MARK}{number}" for number, one in enumerate(questions))

    def process(self, output: list[str]) -> list[list[str]]:
        told: list[list[str]] = []
        lines: list[str] = []
        for line in output:
            if line == f"{MARK}{len(told)}":
                told.append(lines[:-1] if lines[-1:] == [""] else lines)
                lines = []
            else:
                lines.append(line)
        return told

    @staticmethod
    def default() -> list[list[str]]:
        return []
