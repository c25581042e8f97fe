"""What a migration moves: the old stack's containers, its stores and folders, as they were discovered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.goal import PLAIN_REDIS, RedisSettings
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import Packed
from omnimind_ops.model.program import Start


@dataclass(frozen=True)
class BackupToRestore:
    """A backup to restore.

    `collection` names the content of a backup of one collection; `config` is a shard snapshot's configuration. `room`
    is the maximum number of bytes it takes on the data's disk until it is in place. `checksum` says what covers it;
    `sha256` is the checksum reported by the server that made it.
    """

    path: str
    collection: str = ""
    config: Mapping[str, JSON] | None = None
    room: int = 0
    checksum: Checksum = Checksum.ABSENT
    sha256: str = ""

    @property
    def packed(self) -> Packed:
        """Return what a step needs besides the path."""
        return Packed(self.collection, self.config, self.sha256)


@dataclass(frozen=True)
class QdrantSource:
    """Source of Qdrant's data and program.

    `url` answers while the container runs; `storage` is its directory on this host.
    """

    container: str
    url: str
    api_key_of: str  # container whose environment holds the API key, "" for none
    storage: str
    binary: str  # path inside the container, "" when `--qdrant-binary` is used
    version: str
    backup: BackupToRestore | None = None  # replaces the container's data
    file: str = ""  # the program of `--qdrant-binary`
    start: Start | None = None  # how the program starts on this host
    static: str = ""  # folder of the web UI inside the container, "" without one
    settings: tuple[str, ...] = ()  # that the native server takes over


@dataclass(frozen=True)
class RedisSource:
    """Source of Redis' data and how it is moved (`way`: rdb, logical or empty).

    `save_first`: a plain stop would lose the data.
    """

    container: str
    host: str
    port: int
    password_of: str
    way: str
    reason: str
    save_first: bool = False
    backup: str = ""
    target_version: str = ""
    settings: RedisSettings = PLAIN_REDIS  # that the native server takes over
    data: int = 0  # bytes that its dump takes at most
    hot: bool = False  # the native server has the data before the cutover
    published: tuple[int, ...] = ()  # ports of this host that its container holds


@dataclass(frozen=True)
class SingleFiles:
    """Files `names` in a folder of this host that were mounted one by one into the folder `name` of the backend."""

    folder: str
    names: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Source:
    """The old stack: the project's containers, which of them write, and which folders hold uploads.

    `upload_names` are the names of several folders in the native folder of uploads, by their path here. `inside`: the target folders that are mount points or links; their content is swapped inside them.
    """

    project: str
    containers: tuple[str, ...]  # IDs, in the order in which they are started again
    writers: tuple[str, ...]
    holders: tuple[str, ...]  # the data containers
    ports: tuple[int, ...]
    uploads: tuple[str, ...]
    qdrant: QdrantSource | None
    redis: RedisSource | None
    starters: tuple[str, ...] = ()  # units that would start the containers
    pages: tuple[tuple[str, int], ...] = ()  # addresses of the writers that native services will have
    inside: frozenset[str] = frozenset()
    graces: Mapping[str, int] = field(default_factory=dict)  # seconds that each container may take to stop
    upload_names: Mapping[str, str] = field(default_factory=dict)
    files: tuple[SingleFiles, ...] = ()
    backend: str = ""  # the container whose variables are carried
    services: Mapping[str, str] = field(default_factory=dict)  # role of each moved service, by its name in Compose

    def graces_of(self, ids: Sequence[str]) -> Mapping[str, int] | None:
        """Return the graces of these containers, None for none."""
        return {id: self.graces[id] for id in ids if id in self.graces} or None

    @property
    def page_ports(self) -> tuple[int, ...]:
        """Return the ports of `pages`."""
        return tuple(dict.fromkeys(port for _, port in self.pages))
