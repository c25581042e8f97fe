"""The order of a migration: install, warm copy, cutover, verify. Pure: what was discovered goes in, a Plan comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.program import Start
from omnimind_ops.model.stages import EARLY, ROLES, prepared


@dataclass(frozen=True)
class Restored:
    """A backup to restore: `collection` names what a backup of one collection holds, `config` is a shard snapshot's configuration.

    `room` is how many bytes it takes on the disk of the data, at most, until it is in place. `checksum` is what covers it,
    `sha256` what the server that made it tells of it.
    """

    path: str
    collection: str = ""
    config: Mapping[str, JSON] | None = None
    room: int = 0
    checksum: Checksum = Checksum.ABSENT
    sha256: str = ""

    @property
    def args(self) -> dict[str, JSON]:
        """Return it as a step's arguments."""
        return {"backup": self.path, "collection": self.collection, "config": self.config, "sha256": self.sha256}


@dataclass(frozen=True)
class QdrantSource:
    """Where Qdrant's data and program come from; `url` answers while the container runs, `storage` is its directory on this host."""

    container: str
    url: str
    api_key_of: str  # container whose environment holds the api key, "" for none
    storage: str
    binary: str  # path inside the container, "" when `--qdrant-binary` is used
    version: str
    backup: Restored | None = None  # replaces the container's data
    file: str = ""  # the program of `--qdrant-binary`
    start: Start | None = None  # how the program starts on this host
    static: str = ""  # folder of the web UI inside the container, "" without one


@dataclass(frozen=True)
class RedisSource:
    """Where Redis' data comes from and how it is moved: rdb, logical or empty; `save_first`: a plain stop would lose it."""

    container: str
    host: str
    port: int
    password_of: str
    way: str
    reason: str
    save_first: bool = False
    backup: str = ""
    target_version: str = ""


@dataclass(frozen=True)
class Source:
    """The old stack: every container of the project, who writes, which folders hold uploads."""

    project: str
    containers: tuple[str, ...]  # ids, in the order in which they are started again
    writers: tuple[str, ...]
    holders: tuple[str, ...]  # the data containers
    ports: tuple[int, ...]
    uploads: tuple[str, ...]
    qdrant: QdrantSource | None
    redis: RedisSource | None


def host_step(role: str, stage: str, phase: str = "install") -> Step:
    """Return the step that runs one role's stage through pyinfra."""
    undo = Undo.YES if stage == "activate" else Undo.KEPT
    return Step(f"{stage}-{role}", "host", f"{stage} {role}", {"role": role, "stage": stage}, undo, phase)


def converge(only: Iterable[str] = ROLES) -> Plan:
    """Return the plan that makes a native host match its goal, data untouched."""
    steps = [host_step(role, stage) for role, stage in prepared(only)]
    return Plan("converge", (*steps, *(host_step(role, "activate") for role in (*EARLY, "units"))))


@dataclass(frozen=True)
class Copy:
    """A directory that moves: source is read, `incoming` stands beside `target` until it takes its name."""

    name: str
    source: str
    target: str
    owner: str
    backup: Restored | None = None

    @property
    def incoming(self) -> str:
        """Return where it stands until it takes its name."""
        place = PurePosixPath(self.target)
        return str(place.parent / f"{place.name}.incoming")

    @property
    def args(self) -> dict[str, JSON]:
        """Return it as a step's arguments."""
        args: dict[str, JSON] = {
            "source": self.source,
            "incoming": self.incoming,
            "target": self.target,
            "owner": self.owner,
        }
        return args | (self.backup.args if self.backup else {"backup": ""})


def copies(source: Source, goal: Goal) -> tuple[Copy, ...]:
    """Return every directory that moves; several upload folders become folders below the one."""
    found = []
    if source.qdrant:
        found.append(
            Copy("qdrant", source.qdrant.storage, f"{goal.qdrant_home}/storage", "qdrant", source.qdrant.backup)
        )
    one = len(source.uploads) == 1
    for number, folder in enumerate(source.uploads):
        target = goal.uploads if one else f"{goal.uploads}/{number}-{PurePosixPath(folder).name}"
        found.append(Copy(f"uploads-{number}", folder, target, goal.user))
    return tuple(found)


def migrate(source: Source, goal: Goal, confirm_minutes: int) -> Plan:
    """Return the steps from a running Compose project to native services."""
    return Plan(
        "migrate",
        (*_install(source), *_warm(source, goal), *_cutover(source, goal, confirm_minutes), _verify(source, goal)),
    )


def _install(source: Source) -> list[Step]:
    steps: list[Step] = []
    if source.qdrant:
        steps.append(_program(source.qdrant))
    steps += [host_step(role, stage) for role, stage in prepared()]
    return [*steps, *(host_step(role, "activate") for role in EARLY)]


def _program(source: QdrantSource) -> Step:
    args: dict[str, JSON] = {
        "container": source.container,
        "path": source.binary,
        "file": source.file,
        "version": source.version,
        "static": source.static,
    }
    if source.start:
        args |= {**source.start.args, "reason": f"Qdrant's program {source.start.reason}"}
    title = "take Qdrant's program from its container" if source.binary else f"take Qdrant's program from {source.file}"
    return Step("take-qdrant", "program", title, args, Undo.KEPT)


def _warm(source: Source, goal: Goal) -> list[Step]:
    steps = []
    for copy in copies(source, goal):
        title = f"unpack {copy.backup.path}" if copy.backup else f"copy {copy.source} while it is in use"
        steps.append(Step(f"warm-{copy.name}", "copy", title, {**copy.args, "pass": "warm"}, Undo.KEPT, "warm"))
        if copy.backup:
            args: dict[str, JSON] = {**copy.backup.args, "storage": copy.incoming, "user": copy.owner}
            title = "load it with the program that will serve it, and read every point"
            steps.append(Step("prove-backup", "prove-backup", title, args, Undo.KEPT, "warm"))
    return steps


def _cutover(source: Source, goal: Goal, minutes: int) -> list[Step]:
    def step(name: str, kind: str, title: str, args: dict[str, JSON], undo: Undo = Undo.UNTIL_FINISH) -> Step:
        return Step(name, kind, title, args, undo, "cutover")

    steps = [
        step(
            "arm-timer",
            "timer",
            f"arm the timer that goes back unless confirmed within {minutes} min",
            {"minutes": minutes},
        ),
        step(
            "hold-containers",
            "containers",
            "keep the containers from restarting by themselves",
            {"act": "hold", "ids": source.containers},
        ),
        step("stop-writers", "containers", "stop the containers that write", {"act": "stop", "ids": source.writers}),
    ]
    qdrant, redis = source.qdrant, source.redis
    if qdrant and not qdrant.backup:
        steps.append(
            step(
                "read-qdrant",
                "fingerprint",
                "note what Qdrant holds",
                {"url": qdrant.url, "key_of": qdrant.api_key_of},
                Undo.KEPT,
            )
        )
    if redis and redis.way != "empty":
        steps.append(
            step(
                "take-redis", "redis", f"take Redis' data ({redis.way}: {redis.reason})", _redis_args(redis), Undo.KEPT
            )
        )
    stop: dict[str, JSON] = {"act": "stop", "ids": source.holders, "ports": source.ports}
    steps.append(step("stop-data", "containers", "stop the data containers, wait for free ports", stop))
    for copy in copies(source, goal):
        title = (
            f"put the backup at {copy.target}"
            if copy.backup
            else f"copy what changed, compare, rename to {copy.target}"
        )
        steps.append(step(f"final-{copy.name}", "copy", title, {**copy.args, "pass": "final"}))
    if redis and redis.way != "empty":
        steps.append(step("place-redis", "place", "put Redis' data in place", {"redis_dir": goal.redis_dir}))
    steps.append(host_step("units", "activate", "cutover"))
    steps.append(step("prove", "prove", "wait until every service answers", {}, Undo.KEPT))
    return steps


def _redis_args(redis: RedisSource) -> dict[str, JSON]:
    return {
        "host": redis.host,
        "port": redis.port,
        "password_of": redis.password_of,
        "way": redis.way,
        "save_first": redis.save_first,
        "backup": redis.backup,
        "target_version": redis.target_version,
    }


def _verify(source: Source, goal: Goal) -> Step:
    args: dict[str, JSON] = {
        "qdrant": bool(source.qdrant and not source.qdrant.backup),
        "backup": bool(source.qdrant and source.qdrant.backup),
        "redis": bool(source.redis and source.redis.way in ("rdb", "logical") and not source.redis.backup),
        "trees": [[copy.name, copy.source, copy.target] for copy in copies(source, goal) if copy.name != "qdrant"],
    }
    return Step("verify", "verify", "compare old and new", args, Undo.KEPT, "verify")
