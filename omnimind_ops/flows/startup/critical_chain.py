"""What delayed a start, and by how much: the critical chain, as `systemd-analyze critical-chain` shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """One thing that was started: seconds since the start began when it was asked for and when it was ready; `after`
    names what it waited for.
    """

    name: str
    began: float
    ready: float
    after: tuple[str, ...] = ()

    @property
    def took(self) -> float:
        """Seconds between the two."""
        return self.ready - self.began


def chain(links: Mapping[str, Link]) -> tuple[Link, ...]:
    """Return the last that was ready, then what it waited for last, and so on back to the beginning."""
    found: list[Link] = []
    at = max(links.values(), key=lambda link: link.ready, default=None)
    while at is not None:
        found.append(at)
        at = max((links[name] for name in at.after if name in links), key=lambda link: link.ready, default=None)
    return tuple(found)


def slowest(links: Sequence[Link]) -> Link | None:
    """Return the one that took longest of itself."""
    return max(links, key=lambda link: link.took, default=None)


def lines(found: Sequence[Link]) -> tuple[str, ...]:
    """Return the chain as text: `@` when it was ready, `+` how long it took itself."""
    return tuple(
        f"{'  ' * (at - 1)}{'└─' if at else ''}{link.name} @{link.ready:.1f} s +{link.took:.1f} s"
        for at, link in enumerate(found)
    )
