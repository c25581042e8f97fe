"""The order of a migration: install, warm copy, cutover, verify.

Pure: what was discovered goes in, a Plan comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from omnimind_ops.model.data import FilesToCompare
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.payloads import (
    Act,
    AskPayload,
    CheckEvidencePayload,
    ConfirmTimePayload,
    ContainersPayload,
    CopyPayload,
    DatabasePayload,
    Fenced,
    FingerprintPayload,
    HostPayload,
    MaintenancePayload,
    NoteEvidencePayload,
    Pass,
    Payload,
    PlacePayload,
    ProgramPayload,
    ProgramStart,
    ProveBackupPayload,
    ProvePayload,
    RedisUsersPayload,
    TimerPayload,
    VerifyPayload,
)
from omnimind_ops.model.place import Place
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.program import Start
from omnimind_ops.model.stages import EARLY, ROLES, prepared
from omnimind_ops.paths import Paths
from omnimind_ops.planning import redis_steps
from omnimind_ops.planning.backend_env import backend_env
from omnimind_ops.planning.source import BackupToRestore, QdrantSource, RedisSource, Source


def host_step(role: str, stage: str, phase: str = "install") -> Step:
    """Return the step that runs one role's stage through pyinfra."""
    undo = Undo.YES if stage == "activate" else Undo.KEPT
    return Step.of(f"{stage}-{role}", HostPayload(role, stage), f"{stage} {role}", undo, phase)


def converge(only: Iterable[str] = ROLES) -> Plan:
    """Return the plan that makes a native host match its goal without touching data."""
    steps = [host_step(role, stage) for role, stage in prepared(only)]
    return Plan("converge", (*steps, *(host_step(role, "activate") for role in (*EARLY, "units"))))


@dataclass(frozen=True)
class Copy:
    """A directory to move: the copy is made at `incoming`, beside or inside `target`, and is then put in its place."""

    name: str
    source: str
    target: str
    owner: str
    backup: BackupToRestore | None = None
    inside: bool = False
    only: tuple[str, ...] | None = None  # names in `source`; None for all

    @property
    def what(self) -> str:
        """Return the folder or files, for people."""
        return ", ".join(f"{self.source}/{name}" for name in self.only) if self.only else self.source

    @property
    def incoming(self) -> str:
        """Return the path of the copy before it is in its place."""
        return str(Place(Path(self.target), self.inside).incoming)

    def payload(self, which: Pass) -> CopyPayload:
        """Return the payload of a step for one pass."""
        path, packed = (self.backup.path, self.backup.packed) if self.backup else ("", None)
        return CopyPayload(
            self.source, self.incoming, self.target, self.owner, path, packed, pass_=which, only=self.only
        )


def copies(source: Source, goal: Goal) -> tuple[Copy, ...]:
    """Return every directory to move; several upload folders become subfolders of the target folder."""
    directories = []
    if source.qdrant:
        directories.append(
            Copy("qdrant", source.qdrant.storage, f"{goal.qdrant_home}/storage", "qdrant", source.qdrant.backup)
        )
    is_single = len(source.uploads) == 1
    for number, folder in enumerate(source.uploads):
        name = source.upload_names.get(folder) or f"{number}-{PurePosixPath(folder).name}"
        target = goal.uploads if is_single else f"{goal.uploads}/{name}"
        directories.append(Copy(f"uploads-{number}", folder, target, goal.user))
    for number, files in enumerate(source.files):
        target = str(Paths().state / "files" / files.name)
        directories.append(Copy(f"files-{number}", files.folder, target, goal.user, only=files.names))
    return tuple(replace(copy, inside=copy.target in source.inside) for copy in directories)


def targets(source: Source, goal: Goal) -> tuple[str, ...]:
    """Return every folder that gets data."""
    return (*(copy.target for copy in copies(source, goal)), goal.redis_dir)


def migrate(source: Source, goal: Goal, confirm_minutes: int) -> Plan:
    """Return the steps from a running Compose project to native services."""
    return Plan(
        "migrate",
        (
            _note(source),
            *_install(source, goal),
            *_warm(source, goal),
            *_cutover(source, goal, confirm_minutes),
            *_verify(source, goal, confirm_minutes),
        ),
    )


def _note(source: Source) -> Step:
    """Return the first step, whose undo is the last: the containers are as they were noted."""
    payload = ContainersPayload(Act.NOTE, source.containers)
    return Step.of("note-containers", payload, "note how the containers are", Undo.YES)


def _install(source: Source, goal: Goal) -> list[Step]:
    steps: list[Step] = []
    if source.qdrant:
        steps.append(_program(source.qdrant))
    for role, stage in prepared():
        if (role, stage) == ("redis", "configure") and source.redis and source.redis.port:
            steps.append(_redis_users(source.redis, goal))  # whose file the configuration includes
        steps.append(host_step(role, stage))
    if source.backend:
        steps.append(backend_env(source, goal))
    steps += [host_step(role, "activate") for role in EARLY]
    after = next(number for number, step in enumerate(steps, 1) if step.id == "activate-postgres")
    return [*steps[:after], _empty_database(goal), *steps[after:]]


def _empty_database(goal: Goal) -> Step:
    payload = DatabasePayload(goal.postgres_port, goal.database, goal.user)
    title = "begin with an empty database; one with data is kept under another name"
    return Step.of("empty-database", payload, title, Undo.UNTIL_FINISH)


def _redis_users(source: RedisSource, goal: Goal) -> Step:
    file, without = f"{Paths().config}/redis.d/users-of-docker.conf", ("default", goal.user)
    payload = RedisUsersPayload(source.host, source.port, source.password_of, source.target_version, file, without)
    return Step.of("carry-redis-users", payload, "carry Redis' own users (ACL)", Undo.YES)


def _program(source: QdrantSource) -> Step:
    start = _program_start(source.start) if source.start else None
    payload = ProgramPayload(source.container, source.binary, source.file, source.version, source.static, start)
    title = "copy Qdrant's program from its container" if source.binary else f"copy Qdrant's program from {source.file}"
    return Step.of("take-qdrant", payload, title, Undo.KEPT)


def _program_start(start: Start) -> ProgramStart:
    return ProgramStart(start.way, start.packages, start.loader, start.files, f"Qdrant's program {start.reason}")


def _warm(source: Source, goal: Goal) -> list[Step]:
    steps = []
    for copy in copies(source, goal):
        title = f"unpack {copy.backup.path}" if copy.backup else f"copy {copy.what} while it is in use"
        steps.append(Step.of(f"warm-{copy.name}", copy.payload(Pass.WARM), title, Undo.KEPT, "warm"))
        if copy.backup:
            proof = ProveBackupPayload(copy.backup.path, copy.backup.packed, copy.incoming, copy.owner)
            title = "load the backup in Qdrant and read every point"
            steps.append(Step.of("prove-backup", proof, title, Undo.KEPT, "warm"))
    return [*steps, *redis_steps.warm(source, goal)]


def _cutover(source: Source, goal: Goal, minutes: int) -> list[Step]:
    timer = "set the timer that rolls back a cutover that is killed"
    return [
        _at_cutover("ask-again", AskPayload(), "check again everything that the cutover needs", Undo.KEPT),
        _at_cutover("arm-timer", TimerPayload(minutes), timer),
        _hold(source),
        *_note_folders(source),
        *_stop(source),
        *_put_into_place(source, goal),
        *redis_steps.hand_over(source, goal),
        host_step("units", "activate", "cutover"),
        _at_cutover("prove", ProvePayload(), "wait until every service answers", Undo.KEPT),
    ]


def _at_cutover(name: str, payload: Payload, title: str, undo: Undo = Undo.UNTIL_FINISH) -> Step:
    return Step.of(name, payload, title, undo, "cutover")


def _stop(source: Source) -> list[Step]:
    """Return the steps that stop the containers, writers first, and read the stores between them."""
    writers = ContainersPayload(
        Act.STOP, source.writers, source.page_ports or None, graces=source.graces_of(source.writers)
    )
    steps = [_at_cutover("stop-writers", writers, "stop the containers that write")]
    if source.pages:
        title = "answer 503 on their ports until the native services take over"
        steps.append(_at_cutover("show-page", MaintenancePayload(source.pages), title))
    qdrant, redis = source.qdrant, source.redis
    if qdrant and not qdrant.backup:
        payload = FingerprintPayload(qdrant.url, qdrant.api_key_of, Fenced(qdrant.container))
        title = "cut Qdrant off from the network and record its content"
        steps.append(_at_cutover("read-qdrant", payload, title, Undo.KEPT))
    data_ports = tuple(port for port in source.ports if port not in source.page_ports)
    holders = source.holders
    if redis and redis.hot:  # it serves until the native one takes over
        holders = tuple(id for id in holders if id != redis.container)
        data_ports = tuple(port for port in data_ports if port not in redis.published)
    elif redis and redis.way != "empty" and not redis.backup:
        title = f"copy Redis' data ({redis.way}: {redis.reason})"
        steps.append(_at_cutover("take-redis", redis_steps.take(redis), title, Undo.KEPT))
    stop = ContainersPayload(Act.STOP, holders, data_ports, graces=source.graces_of(holders))
    return [*steps, _at_cutover("stop-data", stop, "stop the data containers and wait for their ports")]


def _put_into_place(source: Source, goal: Goal) -> list[Step]:
    """Return the steps that bring the data of the stopped containers to where the native services read it."""
    steps = []
    if source.uploads:
        title = "check that no folder has lost files with its containers"
        steps.append(_at_cutover("check-folders", CheckEvidencePayload(), title, Undo.KEPT))
    for copy in copies(source, goal):
        title = (
            f"move the backup to {copy.target}"
            if copy.backup
            else f"copy the changes, compare, and rename to {copy.target}"
        )
        steps.append(_at_cutover(f"final-{copy.name}", copy.payload(Pass.FINAL), title))
    redis = source.redis
    if redis and redis.way != "empty" and not redis.hot:
        place = PlacePayload(
            goal.redis_dir,
            redis.target_version if goal.redis.append_only else None,
            goal.redis_dir in source.inside or None,
        )
        steps.append(_at_cutover("place-redis", place, "move Redis' data into place"))
    return steps


def _hold(source: Source) -> Step:
    payload = ContainersPayload(Act.HOLD, source.containers, starters=source.starters or None)
    units = f", also by {', '.join(source.starters)}" if source.starters else ""
    title = f"disable automatic restarts of the containers{units}"
    return _at_cutover("hold-containers", payload, title)


def _note_folders(source: Source) -> list[Step]:
    title = "note what the folders hold while the containers run"
    payload = NoteEvidencePayload(source.uploads)
    return [_at_cutover("note-folders", payload, title, Undo.KEPT)] if source.uploads else []


def _verify(source: Source, goal: Goal, minutes: int) -> list[Step]:
    payload = VerifyPayload(
        qdrant=bool(source.qdrant and not source.qdrant.backup),
        backup=bool(source.qdrant and source.qdrant.backup),
        redis=bool(source.redis and source.redis.way in ("rdb", "logical")),
        trees=tuple(
            (copy.name, copy.source, copy.target)
            for copy in copies(source, goal)
            if copy.name != "qdrant" and copy.only is None
        ),
        files=tuple(FilesToCompare(c.name, c.source, c.target, c.only) for c in copies(source, goal) if c.only) or None,
    )
    confirm = f"set the timer that rolls back unless confirmed within {minutes} min from here"
    return [
        *redis_steps.save(source, goal),
        Step.of("verify", payload, "compare old and new data", Undo.KEPT, "verify"),
        Step.of("start-confirm-time", ConfirmTimePayload(minutes), confirm, Undo.KEPT, "verify"),
    ]
