"""The supported systems, and the evidence for each.

The preflight check and README's sentence are made from this table. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Support(StrEnum):
    """Evidence for the support of a system."""

    TESTED = "tested"
    """The whole migration is tested on this system."""
    BRACKETED = "bracketed"
    """It is tested on an older and on a newer system, whose parts are the same or lie on either side."""
    FORCED = "forced"
    """It is tested with --force-os: the lower end of a bracket. Not recommended for permanent use."""


@dataclass(frozen=True)
class System:
    """A system as /etc/os-release names it, its support claim, and the systems on which that was tested."""

    id: str
    version: str
    support: Support
    tested_on: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return the system's name for people."""
        return f"{self.id.capitalize()} {self.version}"


SYSTEMS = (
    System("debian", "12", Support.TESTED, ("Debian 12",)),
    System("debian", "13", Support.TESTED, ("Debian 13",)),
    System("ubuntu", "22.04", Support.BRACKETED, ("Debian 11", "Debian 12")),
    System("ubuntu", "24.04", Support.BRACKETED, ("Debian 12", "Debian 13")),
    System("debian", "11", Support.FORCED, ("Debian 11",)),
)


def find(system: str, version: str) -> System | None:
    """Return the row of this os-release ID and VERSION_ID, None if there is none."""
    return next((row for row in SYSTEMS if (row.id, row.version) == (system, version)), None)


def supported() -> tuple[System, ...]:
    """Return the systems that need no --force-os."""
    return tuple(row for row in SYSTEMS if row.support is not Support.FORCED)


def claim() -> str:
    """Return the support sentences for README."""
    tested = " and ".join(row.title for row in SYSTEMS if row.support is Support.TESTED)
    bracketed = [row for row in SYSTEMS if row.support is Support.BRACKETED]
    between = "; ".join(f"{row.title} between {' and '.join(row.tested_on)}" for row in bracketed)
    forced = " and ".join(row.title for row in SYSTEMS if row.support is Support.FORCED)
    return (
        f"Tested on {tested}. Bracketed, tested on the Debian before and the one after: {between}. "
        f"{forced} only with `--force-os`."
    )
