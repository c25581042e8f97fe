"""Open-loop load: requests have a time at which they are due, whether the server keeps up or not; what they waited is
counted from then.

A closed loop asks only when it was answered, so a server that stalls for a second spoils one figure and not the fifty
that users would have seen: "coordinated omission" (Gil Tene).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arrival:
    """One request, in seconds since the start: when it was due, sent and answered; `backend` gave the answer, "" when
    none did.

    `tried` are the backends that failed before; `why` is what the last of them did.
    """

    due: float
    sent: float
    ended: float
    backend: str
    worker: str = ""
    tried: tuple[str, ...] = ()
    why: str = ""

    @property
    def latency(self) -> float:
        """Milliseconds that a user waited."""
        return (self.ended - self.due) * 1000

    @property
    def service(self) -> float:
        """Milliseconds from when it was really sent: what a closed loop would have measured."""
        return (self.ended - self.sent) * 1000

    @property
    def is_lost(self) -> bool:
        """Tell whether no backend answered it."""
        return not self.backend


def due(number: int, rate: float) -> float:
    """Return when a request is due: evenly spaced."""
    return number / rate


def achieved(found: Sequence[Arrival]) -> float:
    """Return answered requests a second, from the first that was due to the last answer."""
    good = [one for one in found if not one.is_lost]
    if not good:
        return 0.0
    seconds = max(one.ended for one in good) - min(one.due for one in found)
    return len(good) / seconds if seconds > 0 else 0.0
