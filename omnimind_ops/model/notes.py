"""Notes of each kind of step, for its undo, its repetition and the receipt.

None means never noted; when notes are written, fields that are None keep their stored value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.codec import INLINE, key
from omnimind_ops.model.data import Fingerprint, FolderEvidence


@dataclass(frozen=True)
class NoNotes:
    """For steps that have nothing to note."""


@dataclass(frozen=True)
class HostNotes:
    """Units that were enabled or running before they were activated."""

    before: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CopyNotes:
    """`swapping`: the renames are in progress; `parked`: the later content of the target is parked."""

    swapping: bool | None = None
    parked: bool | None = None


@dataclass(frozen=True)
class ProveBackupNotes:
    """A backup's checksum, a second reader's result, and its content."""

    checksum: str | None = None
    second_reader: str | None = field(default=None, metadata=key("second reader"))
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class ContainerState:
    """A container before it was touched.

    `status` and `health` are the engine's words. `started` says when its process was started: another time is another
    process.
    """

    status: str
    policy: str
    health: str = ""
    started: str = ""

    @property
    def ran(self) -> bool:
        """Return whether the container ran."""
        return self.status in ("running", "paused", "restarting")


@dataclass(frozen=True)
class ContainersNotes:
    """The state before: restart policies and running containers, by ID. `stopped_at` is unix time.

    `states` has the same and more, by ID. `engine` is when the engine was started. Earlier versions noted neither.
    `starters` are the units that were fenced: whether each was active.
    """

    policies: Mapping[str, str] | None = None
    running: tuple[str, ...] | None = None
    stopped_at: float | None = None
    states: Mapping[str, ContainerState] | None = None
    engine: str | None = None
    starters: Mapping[str, bool] | None = None


@dataclass(frozen=True)
class FingerprintNotes:
    """Content of the old Qdrant; `fenced`: its container has no network."""

    fingerprint: Fingerprint | None = None
    fenced: bool | None = None


@dataclass(frozen=True)
class EvidenceNotes:
    """Folder → what it held while the containers ran."""

    folders: Mapping[str, FolderEvidence] | None = None


@dataclass(frozen=True)
class RedisNotes:
    """Keys that expire before `horizon` (unix milliseconds) are in no fingerprint; `taken`: the RDB is complete.

    `process` is Redis' run_id, another after each start. `giving_back`: the undo loads the data into the old server.
    """

    horizon: int | None = None
    fingerprint: Fingerprint | None = None
    taken: bool | None = None
    process: str | None = None
    giving_back: bool | None = None


@dataclass(frozen=True)
class RedisUsersNotes:
    """`written`: this run wrote the file. `users`: user → digest of the line with which the native server lists it."""

    written: bool | None = None
    users: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ProveRedisBackupNotes:
    """What a backup holds (as RedisNotes), in words, and what detects damage of it.

    The dump for the target is staged.
    """

    horizon: int | None = None
    fingerprint: Fingerprint | None = None
    description: str | None = None
    coverage: str | None = None


@dataclass(frozen=True)
class PlaceNotes:
    """`placing`: the RDB file is put in place; `parked`: what the native server wrote is parked."""

    placing: bool | None = None
    parked: bool | None = None


@dataclass(frozen=True)
class DatabaseNotes:
    """`parking`: the database had rows before. `parked`: what the run wrote is parked; `undone`: all is as before."""

    parking: bool | None = None
    parked: bool | None = None
    undone: bool | None = None


@dataclass(frozen=True)
class AskNotes:
    """When the cutover is planned to begin: UTC, ISO 8601."""

    planned: str | None = None


@dataclass(frozen=True)
class TimerNotes:
    """When the run is rolled back, in systemd's format."""

    deadline: str | None = None


@dataclass(frozen=True)
class ProveNotes:
    """Service → unix time of its first good answer."""

    answered: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Sides:
    """Content of both sides."""

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
