"""The guard's nouns: how far it goes (Rung), how patient it is (Limits), what it remembers (Case, Memory), sees (Look)
and does (Move).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.health import Report


class Rung(StrEnum):
    """How much is restarted."""

    WORKER = "worker"  # the processes that are sick
    UNIT = "unit"  # all of the service's
    DEPENDANTS = "dependants"  # and all of those that need it


LADDER = (Rung.WORKER, Rung.UNIT, Rung.UNIT, Rung.DEPENDANTS, Rung.DEPENDANTS)
"""The rungs in order; after the last one the guard gives up."""


@dataclass(frozen=True)
class Limits:
    """Seconds, and bad answers in a row."""

    bad: int = 3
    over: float = 20.0  # two periods: three answers, whoever asked in between
    silent: float = 90.0  # that somebody may say nothing at all
    backoff: float = 0.5
    longest: float = 30.0
    steady: float = 300.0  # of health after which earlier attempts are forgotten
    away: float = 35.0  # between two looks: the guard itself was frozen, and what it remembers is no evidence

    def pause(self, attempts: int) -> float:
        """Return how long to wait after so many attempts: 0.5 s, 1 s, 2 s … 30 s."""
        return min(self.backoff * 2.0 ** max(attempts - 1, 0), self.longest)


@dataclass(frozen=True)
class Case:
    """A service that needed something. `since`: when it began to fail without a break; None while it does not."""

    since: float | None = None
    attempts: int = 0
    not_before: float = 0.0
    well_since: float | None = None
    gave_up: str = ""


@dataclass(frozen=True)
class Act:
    """Restart these processes. `reason` says why, in words."""

    service: str
    rung: Rung
    processes: tuple[str, ...]
    attempt: int
    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Leave a service alone from now on, and say so."""

    service: str
    reason: str


@dataclass(frozen=True)
class Well:
    """A service that needed something is well again; `attempts` were made."""

    service: str
    attempts: int


Move = Act | GiveUp | Well


@dataclass(frozen=True)
class Memory:
    """What the policy knows between two looks."""

    cases: Mapping[str, Case] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True)
class Look:
    """What the guard sees at one moment. `dependants`: names of those that need each service, in start order."""

    report: Report
    dependants: Mapping[str, tuple[str, ...]]
    at: float
    limits: Limits
    foreign: frozenset[str] = frozenset()  # services that others use too: a PostgreSQL that was here before us
