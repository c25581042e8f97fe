"""kinds "redis" and "place": copy Redis' data from the running container, and place it where the native server loads
it, if that does not have it yet.
"""

from __future__ import annotations

import pwd
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import HostNotes, OpenRedisNotes, PlaceNotes, RedisNotes
from omnimind_ops.model.payloads import PlacePayload, RedisPayload
from omnimind_ops.model.place import Place
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.observe import docker
from omnimind_ops.paths import Paths
from omnimind_ops.steps.hidden_redis import remove_data
from omnimind_ops.steps.live_redis import LiveRedis, container_limit, redis_source
from omnimind_ops.steps.old_stores import redis_of
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.place import (
    check,
    check_return,
    give_back,
    has_copy,
    make_room,
    swap_in,
    take_out,
)
from omnimind_ops.stores.redis.append_only import make_append_only
from omnimind_ops.stores.redis.backup import read_backup
from omnimind_ops.stores.redis.changes import CannotFollowError
from omnimind_ops.stores.redis.connection import Connection, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import ServerFacts, read_facts, server_facts, wait_until_ready
from omnimind_ops.stores.redis.fence import hold_writes, release_writes
from omnimind_ops.stores.redis.give_back import GiveBack, lasting_keys, lasting_taken, process_of
from omnimind_ops.stores.redis.handover import finish_snapshot, restore_save_points, save_beside, stage_snapshot
from omnimind_ops.stores.redis.proof import prove_backup
from omnimind_ops.stores.redis.rdb import DUMP_NAME, stage_rdb

SAVE_SECONDS = 3600.0
ACTIVATE = "activate-units"
"""The step that starts the native services."""
SAVED = "saved the old Redis to disk, because it does not save when it stops"


@dataclass(frozen=True)
class RedisStep:
    """Creates stage/redis/dump.rdb for the native server, and notes the source's fingerprint in the journal.

    A native server that has the data already (`hidden`) dumps it while it takes over.
    """

    payload: ClassVar = RedisPayload
    notes: ClassVar = RedisNotes
    paths: Paths
    live: LiveRedis
    current: Callable[[str], str] = str  # as in steps/containers

    def preview(self, step: Task[RedisPayload]) -> Preview:
        """Return the copy method."""
        return Preview(step.id, Change.YES, (step.payload.way,))

    def do(self, step: Task[RedisPayload], memo: Memo[RedisNotes], tell: Tell) -> bool:
        """Copy the data once; a repetition after the container stopped keeps the staged data."""
        rdb = self.staged
        if memo.read().taken:
            return False
        rdb.parent.mkdir(parents=True, exist_ok=True)
        rdb.unlink(missing_ok=True)
        payload = step.payload
        if payload.backup:
            # only in runs that an older version planned; now the step prove-redis-backup does this
            prove_backup(read_backup(Path(payload.backup)), payload.target_version, self._scratch, rdb, tell, step.id)
        else:
            self._copy_from_server(step, rdb, memo, tell)
        memo.write(RedisNotes(taken=True))
        return True

    def undo(self, step: Task[RedisPayload], memo: Memo[RedisNotes], tell: Tell) -> None:
        """Let held writes go on. If the old server was restarted and lost its data, or some of it, load it from the copy.

        The staged copy is then outdated; it stays until the next run or `finish`.
        """
        old = self.current(step.payload.password_of)
        if not step.payload.backup:
            with suppress(Problem), connect(_source(step.payload), timeout=5) as connection:  # it may not run
                restore_save_points(connection, memo.read().save_points)
                release_writes(connection)
        if not step.payload.backup and old:
            self._give_back(old, step.id, memo, tell)
        memo.write(RedisNotes(taken=False))

    def _give_back(self, container: str, step: str, memo: Memo[RedisNotes], tell: Tell) -> None:
        notes = memo.read()
        if not (notes.taken and notes.process and self.staged.exists()):
            return  # earlier versions did not note the process
        source = _source_now(container)
        wait_until_ready(source)
        if notes.giving_back or (process_of(source) != notes.process and not server_facts(source).total_keys):
            memo.write(RedisNotes(giving_back=True))
            GiveBack(self.staged, self._scratch, tell, step).to(source, again=bool(notes.giving_back))
            return
        if memo.of(ACTIVATE, HostNotes).before is not None:
            return  # the native Redis has served: what is deleted since must stay deleted, if its data was carried back
        if notes.fingerprint and process_of(source) != notes.process and _has_lost(source, notes.fingerprint):
            GiveBack(self.staged, self._scratch, tell, step).missing_to(source)

    @property
    def staged(self) -> Path:
        """Return the path of the staged RDB file."""
        return self.paths.stage / "redis" / "dump.rdb"

    def _copy_from_server(self, step: Task[RedisPayload], rdb: Path, memo: Memo[RedisNotes], tell: Tell) -> None:
        payload = step.payload
        source = redis_source(payload.host, payload.port, payload.password_of)
        self._start(source, step, tell, follow_changes=True)
        self.live.settle()
        with connect(source) as connection:
            memo.write(RedisNotes(process=process_of(source), held_at=time.time()))
            if not hold_writes(connection):
                text = "this Redis cannot hold writes: what other clients write until it stops is not copied"
                tell(warning(text, step.id))
            self._start(source, step, tell, follow_changes=False)
            evidence, horizon = self.live.finish(tell, step.id)
            memo.write(RedisNotes(horizon, evidence))
            if self.live.is_native and payload.hidden:
                self._hand_over(connection, step, memo, tell)
                return
            with _saving(source, needed=payload.save_first):
                self.live.save(rdb, tell, step.id)
            if payload.save_first:
                tell(line(step.id, SAVED))

    def _start(self, source: RedisEndpoint, step: Task[RedisPayload], tell: Tell, *, follow_changes: bool) -> None:
        """Copy everything now, unless it was: this run was interrupted, or the source tells no changes."""
        payload = step.payload
        if self.live.is_ready(source, payload.way):
            return
        limit = container_limit(payload.password_of)
        with suppress(CannotFollowError) if follow_changes else nullcontext():
            self.live.start(
                source,
                payload.way,
                tell,
                step.id,
                follow_changes=follow_changes,
                container_limit=limit,
                folder=payload.hidden,
            )

    def _hand_over(self, connection: Connection, step: Task[RedisPayload], memo: Memo[RedisNotes], tell: Tell) -> None:
        """Make the old server save for the last time, while it answers, and let the native one dump what it has.

        Not at once, because they would share a disk; but data that is on no volume is in that dump before the old
        server stops.
        """
        folder, facts = Path(step.payload.hidden or ""), read_facts(connection)
        is_lost = _is_lost_with_stop(step.payload.password_of, facts.directory)
        process = self.live.hand_over(folder) if is_lost else ""
        self._save_old(connection, facts, step, memo, tell)
        process = process or self.live.hand_over(folder)
        if self.live.hidden and is_lost:
            with connect(self.live.hidden.endpoint) as native:
                finish_snapshot(native, folder)
            stage_snapshot(folder, self.staged)
        memo.write(RedisNotes(native=process))

    def _save_old(
        self,
        connection: Connection,
        facts: ServerFacts,
        step: Task[RedisPayload],
        memo: Memo[RedisNotes],
        tell: Tell,
    ) -> None:
        if step.payload.save_first:
            if not save_beside(connection):
                _save(_source(step.payload))
            tell(line(step.id, SAVED))
        elif facts.save_points and (facts.aof or save_beside(connection)):
            memo.write(RedisNotes(save_points=facts.save_points))
            connection.allows("CONFIG", "SET", "save", "")  # or it would save once more when it stops

    @property
    def _scratch(self) -> Path:
        return self.paths.stage / "redis-scratch"


def _source(payload: RedisPayload) -> RedisEndpoint:
    return redis_source(payload.host, payload.port, payload.password_of)


def _has_lost(source: RedisEndpoint, taken: Fingerprint) -> bool:
    """Return whether keys that do not expire are missing; a key that has expired is not lost."""
    return lasting_keys(source) < lasting_taken(taken)


def _source_now(container: str) -> RedisEndpoint:
    """Return the endpoint of a container that was started again: its address may be another."""
    return redis_of(docker.container_now(container))


def _is_lost_with_stop(container: str, folder: str | None) -> bool:
    """Return whether a container's data folder may be empty after a stop: it is on no volume or folder of the host."""
    mounts = docker.container_now(container).mounts if container else ()
    return not any(folder and PurePosixPath(folder).is_relative_to(mount.target) for mount in mounts)


@contextmanager
def _saving(source: RedisEndpoint, *, needed: bool) -> Iterator[None]:
    """Make the old server write its data to its own disk during the block, if needed."""
    if not needed:
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        saved = pool.submit(_save, source)
        yield
        saved.result()


def _save(source: RedisEndpoint) -> None:
    with connect(source, timeout=SAVE_SECONDS) as connection:
        connection.call("SAVE")


@dataclass(frozen=True)
class PlaceStep:
    """Puts the staged RDB at <redis_dir>/dump.rdb; the previous data is parked, and restored by undo.

    With `empty` it puts an empty folder there, in which a hidden server begins.
    """

    payload: ClassVar = PlacePayload
    notes: ClassVar = PlaceNotes
    paths: Paths
    run: str

    def preview(self, step: Task[PlacePayload]) -> Preview:
        """Return maybe: its input does not exist before the cutover."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[PlacePayload], memo: Memo[PlaceNotes], tell: Tell) -> bool:
        """Place the file; the native server is not running yet."""
        place = _place(step)
        placing = memo.read().placing
        if placing and not has_copy(place):
            return False  # killed after the swap
        check(place)
        owner = pwd.getpwnam("redis")
        if not placing:
            make_room(place)
            discard(place.incoming)
            if step.payload.empty:
                place.incoming.mkdir(mode=0o750)
            else:
                stage_rdb(self.paths.stage / "redis" / DUMP_NAME, place.incoming, (owner.pw_uid, owner.pw_gid))
            if step.payload.append_only:
                make_append_only(place.incoming, step.payload.append_only)
        memo.write(PlaceNotes(placing=True))
        swap_in(place, self.run, (owner.pw_uid, owner.pw_gid))
        return True

    def undo(self, step: Task[PlacePayload], memo: Memo[PlaceNotes], tell: Tell) -> None:
        """Park what the native server wrote and restore the previous data."""
        notes, place = memo.read(), _place(step)
        if not notes.placing:
            return
        check_return(place)
        if step.payload.empty and not notes.parked and not has_copy(place):
            _forget_unseen(place.target, memo)
        if not notes.parked and take_out(place, self.run):
            tell(line(step.id, f"moved {place.target} to {place.after(self.run)}"))
        memo.write(PlaceNotes(parked=True))
        give_back(place, self.run)
        memo.write(PlaceNotes(placing=False, parked=False))


def _forget_unseen(folder: Path, memo: Memo[PlaceNotes]) -> None:
    """Delete the data of a native server that never got its port: it is a part of the old one's."""
    if not memo.of("open-redis", OpenRedisNotes).opening:
        remove_data(folder)


def _place(step: Task[PlacePayload]) -> Place:
    return Place(Path(step.payload.redis_dir), bool(step.payload.inside))
