"""Nouns of the guard: escalation, limits, incidents, saved state, observations and recovery actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.health import Report


class Rung(StrEnum):
    """Escalation level: how much is restarted."""

    WORKER = "worker"  # the failing processes
    UNIT = "unit"  # all processes of the service
    DEPENDANTS = "dependants"  # and all services that depend on it


LADDER = (Rung.WORKER, Rung.UNIT, Rung.UNIT, Rung.DEPENDANTS, Rung.DEPENDANTS)
"""Escalation levels in order; after the last one the guard gives up."""


@dataclass(frozen=True)
class Limits:
    """Limits in seconds, and in consecutive bad responses."""

    bad: int = 3
    over: float = 20.0  # two periods: three responses, even if others probed in between
    silent: float = 90.0  # without any response
    backoff: float = 0.5
    longest: float = 30.0
    steady: float = 300.0  # of health, after which earlier attempts are forgotten
    away: float = 35.0  # between two observations: the guard itself was frozen, so its saved state is no evidence

    def pause(self, attempts: int) -> float:
        """Return the delay after this number of attempts: 0.5 s, 1 s, 2 s … 30 s."""
        return min(self.backoff * 2.0 ** max(attempts - 1, 0), self.longest)


@dataclass(frozen=True)
class Case:
    """An incident: a service that needed recovery. `since`: start of the uninterrupted failure; None while it does not
    fail.
    """

    since: float | None = None
    attempts: int = 0
    not_before: float = 0.0
    well_since: float | None = None
    gave_up: str = ""


@dataclass(frozen=True)
class Act:
    """Restart these processes. `reason` is a sentence for the user."""

    service: str
    rung: Rung
    processes: tuple[str, ...]
    attempt: int
    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Leave a service alone from now on, and report it."""

    service: str
    reason: str


@dataclass(frozen=True)
class Well:
    """A service has recovered, after `attempts` restarts."""

    service: str
    attempts: int


Move = Act | GiveUp | Well


@dataclass(frozen=True)
class Memory:
    """State of the policy between two observations."""

    cases: Mapping[str, Case] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True)
class Look:
    """What the guard observes at one moment. `dependants`: names of the services that depend on each service, in start
    order.
    """

    report: Report
    dependants: Mapping[str, tuple[str, ...]]
    at: float
    limits: Limits
    at_fault: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # processes that cannot use a store that works
    foreign: frozenset[str] = frozenset()  # services with other users: a PostgreSQL that existed before OmniMind
