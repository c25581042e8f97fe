"""What delayed a start, and by how much: the critical chain, as `systemd-analyze critical-chain` shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """One started item: seconds from the start of the run until it was begun and until it was ready.

    `after` names its dependencies.
    """

    name: str
    began: float
    ready: float
    after: tuple[str, ...] = ()

    @property
    def took(self) -> float:
        """Return the seconds between the two."""
        return self.ready - self.began


def chain(links: Mapping[str, Link]) -> tuple[Link, ...]:
    """Return the item that was ready last, then the last of its dependencies, and so on back to the beginning."""
    found: list[Link] = []
    at = max(links.values(), key=lambda link: link.ready, default=None)
    while at is not None:
        found.append(at)
        at = max((links[name] for name in at.after if name in links), key=lambda link: link.ready, default=None)
    return tuple(found)


def slowest(links: Sequence[Link]) -> Link | None:
    """Return the link with the longest own time."""
    return max(links, key=lambda link: link.took, default=None)


def lines(found: Sequence[Link]) -> tuple[str, ...]:
    """Return the chain as text: `@` is when it was ready, `+` is its own time."""
    return tuple(
        f"{'  ' * (at - 1)}{'└─' if at else ''}{link.name} @{link.ready:.1f} s +{link.took:.1f} s"
        for at, link in enumerate(found)
    )
