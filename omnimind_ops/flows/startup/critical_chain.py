"""What delayed a start, and by how much: the critical chain, as `systemd-analyze critical-chain` shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ChainLink:
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


def chain(links: Mapping[str, ChainLink]) -> tuple[ChainLink, ...]:
    """Return the item that was ready last, then the last of its dependencies, and so on back to the beginning."""
    result: list[ChainLink] = []
    last = max(links.values(), key=lambda link: link.ready, default=None)
    while last is not None:
        result.append(last)
        last = max((links[name] for name in last.after if name in links), key=lambda link: link.ready, default=None)
    return tuple(result)


def slowest(links: Sequence[ChainLink]) -> ChainLink | None:
    """Return the link with the longest own time."""
    return max(links, key=lambda link: link.took, default=None)


def lines(links: Sequence[ChainLink]) -> tuple[str, ...]:
    """Return the chain as text: `@` is when it was ready, `+` is its own time."""
    return tuple(
        f"{'  ' * (depth - 1)}{'└─' if depth else ''}{link.name} @{link.ready:.1f} s +{link.took:.1f} s"
        for depth, link in enumerate(links)
    )
