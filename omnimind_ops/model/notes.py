"""What each kind of step notes for its undo, its redo and the receipt.

None is what was never noted; when notes are written, what is None in them stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.codec import INLINE, key
from omnimind_ops.model.data import Fingerprint


@dataclass(frozen=True)
class NoNotes:
    """Of a step that has nothing to note."""


@dataclass(frozen=True)
class HostNotes:
    """Units that were enabled or running before they were activated."""

    before: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CopyNotes:
    """The renames are under way; what stood at the target since is parked."""

    swapping: bool | None = None
    parked: bool | None = None


@dataclass(frozen=True)
class ProveBackupNotes:
    """What covers a backup, what a second reader said of it, and what it holds."""

    checksum: str | None = None
    second_reader: str | None = field(default=None, metadata=key("second reader"))
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class ContainersNotes:
    """As it was before: restart policies and running containers, by id. `stopped_at` is unix time."""

    policies: Mapping[str, str] | None = None
    running: tuple[str, ...] | None = None
    stopped_at: float | None = None


@dataclass(frozen=True)
class FingerprintNotes:
    """What the old Qdrant held."""

    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class RedisNotes:
    """Keys that expire before `horizon` (unix milliseconds) are in no fingerprint; `taken`: the RDB file is complete."""

    horizon: int | None = None
    fingerprint: Fingerprint | None = None
    taken: bool | None = None


@dataclass(frozen=True)
class PlaceNotes:
    """The RDB file is put in place; what the native server wrote is parked."""

    placing: bool | None = None
    parked: bool | None = None


@dataclass(frozen=True)
class TimerNotes:
    """When the run goes back, as systemd reads it."""

    deadline: str | None = None


@dataclass(frozen=True)
class ProveNotes:
    """Service → unix time of its first good answer."""

    answered: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Sides:
    """What both sides held."""

    source: Fingerprint
    native: Fingerprint


@dataclass(frozen=True)
class VerifyNotes:
    """Store or folder → what was compared."""

    compared: Mapping[str, Sides] = field(default_factory=dict, metadata=INLINE)


@dataclass(frozen=True)
class RestartNotes:
    """Processes that the guard restarts."""

    processes: tuple[str, ...] | None = None
