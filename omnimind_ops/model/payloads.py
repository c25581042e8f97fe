"""Payload of each kind of step.

Its JSON is in the journal and in the plan's digest: renaming a key changes the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from omnimind_ops.model.codec import INLINE, key
from omnimind_ops.model.data import FilesToCompare
from omnimind_ops.model.json import JSON
from omnimind_ops.model.program import LibrarySource


@dataclass(frozen=True)
class Payload:
    """Contains no secrets, only the container or file that has them."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class HostPayload(Payload):
    """A role's stage, run by pyinfra: install, configure or activate."""

    kind = "host"
    role: str
    stage: str


@dataclass(frozen=True)
class ProgramStart:
    """How a program starts on this host. `files` is library or loader → path in the container, for a bundle."""

    way: LibrarySource
    packages: tuple[str, ...]
    loader: str  # name in the bundle, "" without one
    files: Mapping[str, str]
    reason: str  # one line for people


@dataclass(frozen=True)
class ProgramPayload(Payload):
    """Qdrant's program: `path` in a container, or `file` of this host."""

    kind = "program"
    container: str
    path: str
    file: str
    version: str
    static: str  # folder of the web UI inside the container, "" without one
    start: ProgramStart | None = field(default=None, metadata=INLINE)


@dataclass(frozen=True)
class Packed:
    """Facts about a Qdrant backup besides its path."""

    collection: str  # the collection in a backup of one collection, "" for others
    config: Mapping[str, JSON] | None  # of the collection of a shard snapshot
    sha256: str  # as reported by the server that made it, "" when unknown


class Pass(StrEnum):
    """The passes in which a directory is copied."""

    WARM = "warm"  # while the old stack serves
    FINAL = "final"  # the changes since, then the rename


@dataclass(frozen=True)
class CopyPayload(Payload):
    """A directory to move: the copy is made at `incoming`, beside or inside `target`, and is then put in its place.

    `only` are names in `source`; None for all. No data is carried back to a folder of which only some were taken.
    """

    kind = "copy"
    source: str
    incoming: str
    target: str
    owner: str
    backup: str  # unpacked in place of `source`, "" without one
    packed: Packed | None = field(default=None, metadata=INLINE)
    pass_: Pass = field(kw_only=True, metadata=key("pass"))
    only: tuple[str, ...] | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class ProveBackupPayload(Payload):
    """A backup, unpacked at `storage`."""

    kind = "prove-backup"
    backup: str
    packed: Packed = field(metadata=INLINE)
    storage: str
    user: str


class Act(StrEnum):
    """An action on containers."""

    NOTE = "note"  # note how they are; changes nothing
    HOLD = "hold"  # disable automatic restarts
    STOP = "stop"


@dataclass(frozen=True)
class ContainersPayload(Payload):
    """Containers by ID. `ports` must be free after a stop; `starters` are units that would start them.

    `graces`: seconds that each may take to stop; None in plans of earlier versions.
    """

    kind = "containers"
    act: Act
    ids: tuple[str, ...]
    ports: tuple[int, ...] | None = None
    starters: tuple[str, ...] | None = None
    graces: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Fenced:
    """The container that is cut off from its network."""

    container: str


@dataclass(frozen=True)
class FingerprintPayload(Payload):
    """The old Qdrant; `key_of` is the container whose environment holds its API key, "" for none.

    `fenced` is None in plans of versions that did not cut it off.
    """

    kind = "fingerprint"
    url: str
    key_of: str
    fenced: Fenced | None = field(default=None, metadata=INLINE)

    @property
    def container(self) -> str:
        """Return the container that is cut off, "" for none."""
        return self.fenced.container if self.fenced else ""


@dataclass(frozen=True)
class NoteEvidencePayload(Payload):
    """Folders to count while the containers run."""

    kind = "note-evidence"
    folders: tuple[str, ...]


@dataclass(frozen=True)
class CheckEvidencePayload(Payload):
    """The noted folders, after the containers have stopped."""

    kind = "check-evidence"


@dataclass(frozen=True)
class RedisPayload(Payload):
    """The old Redis, or a `backup` of one; `password_of` is the container that has its password, "" for none.

    `hidden`: the native server has the data before the cutover (steps/hidden_redis.py) and keeps it in this folder.
    """

    kind = "redis"
    host: str
    port: int
    password_of: str
    way: str  # rdb, logical
    save_first: bool
    backup: str
    target_version: str
    hidden: str | None = None


@dataclass(frozen=True)
class RedisUsersPayload(Payload):
    """The old Redis, whose users are written to `file`, but for those named in `without`."""

    kind = "redis-users"
    host: str
    port: int
    password_of: str
    target_version: str
    file: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class ProveRedisBackupPayload(Payload):
    """A `backup` of Redis, for a server of `target_version`."""

    kind = "prove-redis-backup"
    backup: str
    target_version: str


@dataclass(frozen=True)
class LiveRedisPayload(Payload):
    """The old Redis, which is copied while it is in use; `password_of` and `hidden` as in RedisPayload."""

    kind = "live-redis"
    host: str
    port: int
    password_of: str
    way: str  # rdb, logical
    hidden: str | None = None


@dataclass(frozen=True)
class PlacePayload(Payload):
    """The native Redis' directory.

    `append_only` is the version of the server that loads the data as its append-only file; None for a dump. `inside`:
    the directory is a mount point or a link, whose content is swapped inside it. `empty`: it is only cleared, for a
    native server that starts before the cutover.
    """

    kind = "place"
    redis_dir: str
    append_only: str | None = None
    inside: bool | None = None
    empty: bool | None = None


@dataclass(frozen=True)
class OpenRedisPayload(Payload):
    """The native Redis' directory and port; `append_only` as in PlacePayload."""

    kind = "open-redis"
    redis_dir: str
    port: int
    append_only: str | None = None


@dataclass(frozen=True)
class SaveRedisPayload(Payload):
    """The native Redis' directory, in which it saves its data."""

    kind = "save-redis"
    redis_dir: str


@dataclass(frozen=True)
class DatabasePayload(Payload):
    """The native PostgreSQL's database and its owner."""

    kind = "database"
    port: int
    database: str
    owner: str


@dataclass(frozen=True)
class AskPayload(Payload):
    """Whatever a cutover needs."""

    kind = "ask"


@dataclass(frozen=True)
class MaintenancePayload(Payload):
    """Addresses and ports of stopped containers, on which a page says that they are stopped."""

    kind = "maintenance"
    addresses: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TimerPayload(Payload):
    """How long a cutover may take before the old stack comes back, if nothing is working on it any more."""

    kind = "timer"
    minutes: int


@dataclass(frozen=True)
class ConfirmTimePayload(Payload):
    """How long the native services may stay unconfirmed."""

    kind = "confirm-time"
    minutes: int


@dataclass(frozen=True)
class ProvePayload(Payload):
    """Every service."""

    kind = "prove"


@dataclass(frozen=True)
class VerifyPayload(Payload):
    """The stores to compare; `backup`: Qdrant against its backup's content. `trees` are (name, source, target).

    `files` are those of which the folder was not moved as a whole.
    """

    kind = "verify"
    qdrant: bool = False
    backup: bool = False
    redis: bool = False
    trees: tuple[tuple[str, str, str], ...] = ()
    files: tuple[FilesToCompare, ...] | None = None


@dataclass(frozen=True)
class RestartPayload(Payload):
    """A service with processes to restart; the guard itself does it."""

    kind = "restart"
    service: str
