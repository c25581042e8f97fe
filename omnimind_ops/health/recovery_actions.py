"""Nouns of the guard: escalation, limits, incidents, observations and recovery actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.health import Report


class Escalation(StrEnum):
    """How much is restarted."""

    WORKER = "worker"  # the failing processes
    UNIT = "unit"  # all processes of the service
    DEPENDANTS = "dependants"  # and all services that depend on it


ESCALATIONS = (
    Escalation.WORKER,
    Escalation.UNIT,
    Escalation.UNIT,
    Escalation.DEPENDANTS,
    Escalation.DEPENDANTS,
)
"""Escalations in order; after the last one the guard gives up."""


@dataclass(frozen=True)
class Limits:
    """Limits in seconds, and in consecutive failures."""

    failures: int = 3
    failing: float = 20.0  # two periods: three responses, even if others probed in between
    silent: float = 90.0  # without any response
    backoff: float = 0.5
    backoff_max: float = 30.0
    healthy: float = 300.0  # after which earlier attempts are forgotten
    gap: float = 35.0  # between two observations: the guard itself was frozen, so its saved state is no evidence

    def pause(self, attempts: int) -> float:
        """Return the delay after this number of attempts: 0.5 s, 1 s, 2 s … 30 s."""
        return min(self.backoff * 2.0 ** max(attempts - 1, 0), self.backoff_max)


@dataclass(frozen=True)
class Incident:
    """A service that needed recovery. `since`: start of the uninterrupted failure; None while it does not fail."""

    since: float | None = None
    attempts: int = 0
    not_before: float = 0.0
    healthy_since: float | None = None
    gave_up: str = ""


@dataclass(frozen=True)
class Restart:
    """Restart these processes. `reason` is a sentence for the user."""

    service: str
    escalation: Escalation
    processes: tuple[str, ...]
    attempt: int
    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Leave a service alone from now on, and report it."""

    service: str
    reason: str


@dataclass(frozen=True)
class Recovered:
    """A service has recovered, after `attempts` restarts."""

    service: str
    attempts: int


Action = Restart | GiveUp | Recovered


@dataclass(frozen=True)
class PolicyState:
    """State of the policy between two observations."""

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True)
class Observation:
    """What the guard observes at one moment.

    `dependants`: names of the services that depend on each service, in start order. `at_fault`: processes that cannot
    use a store that works (health/attribution.py). `foreign`: services with other users, such as a PostgreSQL that
    existed before OmniMind.
    """

    report: Report
    dependants: Mapping[str, tuple[str, ...]]
    at: float
    limits: Limits
    at_fault: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
