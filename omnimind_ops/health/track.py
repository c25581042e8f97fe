"""Track: the history of one service between checks."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omnimind_ops.managers import ProcessState
from omnimind_ops.model.health import Latency, Outcome, State
from omnimind_ops.model.json import JSON

WINDOW = 60
"""Number of responses in the percentiles."""
HOUR = 3600.0


@dataclass(frozen=True)
class Thresholds:
    """Consecutive bad responses before a ready service counts as down, and good ones before it counts as ready
    again.
    """

    bad: int = 3
    good: int = 2


STRICT = Thresholds(1, 1)
"""For a single check: its result is the state."""


@dataclass
class Track:
    """History of one service.

    Times are monotonic seconds, except `restarts` and `crashes`, which are unix seconds.
    """

    outcome: Outcome | None = None
    at: float = 0.0
    state: State | None = None
    good: int = 0
    bad: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    restarts: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=1000))  # the unrequested restarts
    pids: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # restarts as counted by the manager
    started: float | None = None  # start of the youngest process
    proven: frozenset[int] = frozenset()  # processes that ran at the last good response
    facts: Mapping[str, JSON] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)  # process → consecutive reports in which it was at fault

    def take(self, outcome: Outcome, seconds: float, at: float) -> None:
        """Record a response that took `seconds`."""
        self.outcome, self.at = outcome, at
        if works(outcome):
            self.good, self.bad = self.good + 1, 0
            self.latencies.append(round(seconds * 1000, 2))
            self.proven = frozenset(self.pids.values())
        else:
            self.good, self.bad = 0, self.bad + 1
        if outcome.facts and (works(outcome) or not self.facts):
            self.facts = outcome.facts

    def blame(self, reported: Mapping[str, bool]) -> None:
        """Record the processes that reported, each with whether it is at fault. One that did not keeps its count."""
        for process, is_at_fault in reported.items():
            self.faults[process] = self.faults.get(process, 0) + 1 if is_at_fault else 0

    def at_fault(self, count: int) -> tuple[str, ...]:
        """Return the processes that were at fault in their last `count` reports or more."""
        return tuple(process for process, faults in self.faults.items() if faults >= count)

    def meet(self, states: Sequence[ProcessState], at: float, now: float) -> list[str]:
        """Record the processes (`at` monotonic, `now` unix); return a sentence for each one that was replaced or has
        ended.
        """
        told = []
        for one in states:
            before, is_known = self.pids.get(one.name, 0), one.name in self.counts
            if one.pid and one.pid != before:
                self.faults.pop(one.name, None)
                self.started = max(self.started or 0.0, at - max(0.0, now - one.since) if one.since else at)
            if is_known:
                crashed = max(one.restarts - self.counts[one.name], 0)
                again = max(crashed, int(bool(before and one.pid and one.pid != before)))
                self.restarts.extend([now] * again)
                self.crashes.extend([now] * crashed)
                told += [f"{one.name} restarted{f' {again} times' if again > 1 else ''}"] if again else []
            elif one.restarts and one.since and now - one.since < HOUR:  # at first only the last restart has a time
                self.restarts.extend([*[one.since - HOUR / 2] * (one.restarts - 1), one.since])
                self.crashes.append(one.since)
            if before and not one.pid:
                told.append(
                    f"{one.name} {'was stopped' if one.by_person else 'ended'}{f': {one.detail}' if one.detail else ''}"
                )
            self.pids[one.name], self.counts[one.name] = one.pid, one.restarts
        return told

    def restarts_since(self, since: float) -> int:
        """Return the number of restarts after a unix time."""
        return sum(moment > since for moment in self.restarts)

    def crashes_since(self, since: float) -> int:
        """Return the number of unrequested restarts after a unix time."""
        return sum(moment > since for moment in self.crashes)

    @property
    def latency(self) -> Latency | None:
        """Return the last latency and the percentiles."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return Latency(
            self.latencies[-1], ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        )

    @property
    def is_new(self) -> bool:
        """Return whether one of its processes has not responded well since its start."""
        return not frozenset(pid for pid in self.pids.values() if pid) <= self.proven


def works(outcome: Outcome) -> bool:
    """Return whether a response is good: ready, and useful if that was checked."""
    return outcome.ready and outcome.useful is not False
