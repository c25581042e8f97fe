"""Identities and roles of callers."""

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

    def covers(self, role: Role) -> bool:
        """Return whether this role includes the rights of `role`."""
        return self.rank >= role.rank


@dataclass(frozen=True)
class Identity:
    """An authenticated caller, or an anonymous reader where reads are open.

    `id` is the user's id, "" for open reads. `via` is the proof of identity. `role` is the lower of the user's role and
    the token's role.
    """

    id: str
    name: str
    role: Role
    via: Literal["session", "token", "open"]


OPEN = Identity("", "anonymous", Role.READER, "open")
"""The anonymous identity, used when the settings open reads to everyone on this machine."""
