"""Cells of the table of states: what they say, and how they are written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from omnimind_ops.model.problem import ExitCode
from omnimind_ops.planning.situation import Situation

S = Situation


class Trigger(StrEnum):
    """The columns: commands, and events that nobody asks for."""

    MIGRATE = "migrate --from-docker --yes"
    RESUME = "resume"
    CONFIRM = "confirm"
    ROLLBACK = "rollback --yes"
    ANYWAY = "rollback --yes --anyway"
    FINISH = "finish --yes"
    CONVERGE = "converge"
    UP = "up"
    RESTART = "restart"
    DOWN = "down"
    HEALTH = "health"
    RUNS = "runs"
    RECEIPT = "receipt"
    KILL = "SIGKILL"
    REBOOT = "reboot, power cut"
    NO_DOCKER = "dockerd is gone"
    GONE = "containers are removed"
    RECREATED = "containers are created again"
    DISK_FULL = "disk full"


T = Trigger
WALKED = "M"
WHOLE = frozenset({S.NONE, S.CONFIRMED, S.ROLLED_BACK, S.FINISHED})
"""One side serves, and no command has to follow. Of a lost journal only a command knows."""


@dataclass(frozen=True)
class Cell:
    """The situation afterwards, the exit code, and what happens.

    `by` is the command that is run after an event, whose exit code it is; `code` is None for an event without one, and
    for a command with codes of its own. `refused`: the command changes nothing. `proof`: M, walked on the model with a
    real journal, or the test on a host that shows it.
    """

    then: Situation
    code: ExitCode | None
    text: str
    by: Trigger | None = None
    refused: bool = False
    proof: str = WALKED


Column = Mapping[Situation, Cell]
OK, PROBLEM, ROLLED_BACK = ExitCode.OK, ExitCode.PROBLEM, ExitCode.ROLLED_BACK
NO_WAY_BACK, NOT_INSTALLED = ExitCode.NO_WAY_BACK, ExitCode.NOT_INSTALLED
UNSTARTED = (S.WARM, S.POSTPONED)
FORWARD = (*UNSTARTED, S.CUTOVER, S.ARRIVING)
BACK = (S.RETURNING, S.FAILED)
OPEN = (*FORWARD, *BACK, S.CARRYING)
NATIVE = (S.UNCONFIRMED, S.CONFIRMED, S.FINISHED)
MIGRATION = "tests/e2e/test_migration.py"


def each(situations: Iterable[Situation], cell: Cell) -> dict[Situation, Cell]:
    """Return the cell for each of the situations, which it leaves as they are."""
    return {situation: replace(cell, then=situation) for situation in situations}


def to(then: Situation, situations: Iterable[Situation], text: str, code: ExitCode | None = OK) -> Column:
    """Return cells that lead to one situation."""
    return {situation: Cell(then, code, text) for situation in situations}


def refused(situations: Iterable[Situation], text: str, code: ExitCode = PROBLEM) -> Column:
    """Return cells of a command that changes nothing and says what to do."""
    return each(situations, Cell(S.NONE, code, text, refused=True))


def stays(situations: Iterable[Situation], text: str, code: ExitCode | None = OK) -> Column:
    """Return cells that leave the situation as it is."""
    return each(situations, Cell(S.NONE, code, text))


def by_command(command: Trigger, column: Column) -> Column:
    """Return the cells of an event that is followed by a command."""
    return {situation: replace(cell, by=command) for situation, cell in column.items()}
