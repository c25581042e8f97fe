"""Who is calling, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody may do; each role may do what the ones before it may."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Return 0 for reader, 1 for writer, 2 for admin."""
        return list(Role).index(self)

    def covers(self, other: Role) -> bool:
        """Tell whether this role may do what `other` may."""
        return self.rank >= other.rank


@dataclass(frozen=True)
class Identity:
    """A caller whose identity was proven, or who reads on a machine whose reads are open.

    `id` is the user's id, "" for open reads; `via` says what proved it; `role` is the least of the user's and the
    token's.
    """

    id: str
    name: str
    role: Role
    via: Literal["session", "token", "open"]


OPEN = Identity("", "anonymous", Role.READER, "open")
"""Everybody on this machine, where the settings open the reads."""
