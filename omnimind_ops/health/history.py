"""ServiceHistory: the history of one service between checks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
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
class ServiceHistory:
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

    def record(self, outcome: Outcome, seconds: float, at: float) -> None:
        """Record a response that took `seconds`."""
        self.outcome, self.at = outcome, at
        if is_good(outcome):
            self.good, self.bad = self.good + 1, 0
            self.latencies.append(round(seconds * 1000, 2))
            self.proven = frozenset(self.pids.values())
        else:
            self.good, self.bad = 0, self.bad + 1
        if outcome.facts and (is_good(outcome) or not self.facts):
            self.facts = outcome.facts

    def record_faults(self, reported: Mapping[str, bool]) -> None:
        """Record the processes that reported, each with whether it is at fault. One that did not keeps its count."""
        for process, is_at_fault in reported.items():
            self.faults[process] = self.faults.get(process, 0) + 1 if is_at_fault else 0

    def at_fault(self, count: int) -> tuple[str, ...]:
        """Return the processes that were at fault in their last `count` reports or more."""
        return tuple(process for process, faults in self.faults.items() if faults >= count)

    def record_processes(self, processes: Sequence[ProcessState], at: float, now: float) -> list[str]:
        """Record the processes (`at` monotonic, `now` unix); return a sentence for each one that was replaced or has
        ended.
        """
        return [change for process in processes for change in self._record(process, at, now)]

    def _record(self, process: ProcessState, at: float, now: float) -> Iterator[str]:
        name, pid, before, is_known = (
            process.name,
            process.pid,
            self.pids.get(process.name, 0),
            process.name in self.counts,
        )
        is_new = bool(pid and pid != before)
        if is_new:
            self.faults.pop(name, None)
            self.started = max(self.started or 0.0, at - max(0.0, now - process.since) if process.since else at)
        if is_known:
            crashes = max(process.restarts - self.counts[name], 0)
            restarts = max(crashes, int(bool(before) and is_new))
            self.restarts.extend([now] * restarts)
            self.crashes.extend([now] * crashes)
            if restarts:
                yield f"{name} restarted{f' {restarts} times' if restarts > 1 else ''}"
        elif process.restarts and process.since and now - process.since < HOUR:
            # Only the last restart before the first check has a time.
            self.restarts.extend([*[process.since - HOUR / 2] * (process.restarts - 1), process.since])
            self.crashes.append(process.since)
        if before and not pid:
            detail = f": {process.detail}" if process.detail else ""
            yield f"{name} {'was stopped' if process.by_person else 'ended'}{detail}"
        self.pids[name], self.counts[name] = pid, process.restarts

    def restarts_since(self, since: float) -> int:
        """Return the number of restarts after a unix time."""
        return sum(at > since for at in self.restarts)

    def crashes_since(self, since: float) -> int:
        """Return the number of unrequested restarts after a unix time."""
        return sum(at > since for at in self.crashes)

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


def is_good(outcome: Outcome) -> bool:
    """Return whether a response is good: ready, and useful if that was checked."""
    return outcome.ready and outcome.useful is not False
