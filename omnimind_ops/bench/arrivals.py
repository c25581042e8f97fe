"""Open-loop load: every request has a due time, whether the server keeps up or not, and its latency counts from then.

A closed loop sends a request only after the previous response. A server that stalls for one second then spoils one
figure, not the fifty that users would have seen: "coordinated omission" (Gil Tene).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arrival:
    """One request: its due, send and end times in seconds since the start. `backend` is the one that responded, "" when
    none did.

    `failed` are the backends that failed before it; `reason` is the failure of the last of them.
    """

    due: float
    sent: float
    ended: float
    backend: str
    worker: str = ""
    failed: tuple[str, ...] = ()
    reason: str = ""

    @property
    def latency(self) -> float:
        """Milliseconds that a user waited."""
        return (self.ended - self.due) * 1000

    @property
    def service(self) -> float:
        """Milliseconds since the request was actually sent: the result of a closed loop."""
        return (self.ended - self.sent) * 1000

    @property
    def is_lost(self) -> bool:
        """Return whether no backend responded."""
        return not self.backend


def due_time(number: int, rate: float) -> float:
    """Return the due time of a request in seconds; requests are evenly spaced."""
    return number / rate


def achieved_rate(arrivals: Sequence[Arrival]) -> float:
    """Return completed requests per second, from the first due time to the last response."""
    completed = [arrival for arrival in arrivals if not arrival.is_lost]
    if not completed:
        return 0.0
    seconds = max(arrival.ended for arrival in completed) - min(arrival.due for arrival in arrivals)
    return len(completed) / seconds if seconds > 0 else 0.0
