"""kinds "redis" and "place": copy Redis' data from the running container, and place it where the native server loads
it.
"""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import PlaceNotes, RedisNotes
from omnimind_ops.model.payloads import PlacePayload, RedisPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.live_redis import LiveRedis, container_limit, redis_source
from omnimind_ops.stores.redis.append_only import make_append_only
from omnimind_ops.stores.redis.backup import build_rdb_from_backup
from omnimind_ops.stores.redis.changes import CannotFollowError
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes, release_writes
from omnimind_ops.stores.redis.rdb import park, place_rdb

SAVE_SECONDS = 3600.0


@dataclass(frozen=True)
class RedisStep:
    """Creates stage/redis/dump.rdb for the native server, and notes the source's fingerprint in the journal."""

    payload: ClassVar = RedisPayload
    notes: ClassVar = RedisNotes
    paths: Paths
    live: LiveRedis

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
            build_rdb_from_backup(Path(payload.backup), payload.target_version, self._scratch, rdb, tell, step.id)
        else:
            self._copy_from_server(step, rdb, memo, tell)
        memo.write(RedisNotes(taken=True))
        return True

    def undo(self, step: Task[RedisPayload], memo: Memo[RedisNotes], tell: Tell) -> None:
        """Mark the staged copy as outdated; it stays until the next run or `finish`. Held writes go on."""
        memo.write(RedisNotes(taken=False))
        if not step.payload.backup:
            payload = step.payload
            source = redis_source(payload.host, payload.port, payload.password_of)
            with suppress(Problem), connect(source, timeout=5) as connection:  # it may not run
                release_writes(connection)

    @property
    def staged(self) -> Path:
        """Return the path of the staged RDB file."""
        return self.paths.stage / "redis" / "dump.rdb"

    def _copy_from_server(self, step: Task[RedisPayload], rdb: Path, memo: Memo[RedisNotes], tell: Tell) -> None:
        payload = step.payload
        source = redis_source(payload.host, payload.port, payload.password_of)
        limit = container_limit(payload.password_of)
        if not self.live.is_ready(source, payload.way):  # this run was interrupted, or the source tells no changes
            with suppress(CannotFollowError):
                self.live.start(source, payload.way, tell, step.id, container_limit=limit)
        with connect(source) as connection:
            if not hold_writes(connection):
                text = "this Redis cannot hold writes: what other clients write until it stops is not copied"
                tell(warning(text, step.id))
            if not self.live.is_ready(source, payload.way):
                self.live.start(source, payload.way, tell, step.id, follow_changes=False, container_limit=limit)
            evidence, horizon = self.live.finish(tell, step.id)
            memo.write(RedisNotes(horizon, evidence))
            with _saving(source, needed=payload.save_first):
                self.live.save(rdb, tell, step.id)
            if payload.save_first:
                tell(line(step.id, "saved the old Redis to disk, because it does not save when it stops"))

    @property
    def _scratch(self) -> Path:
        return self.paths.stage / "redis-scratch"


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
    """Puts the staged RDB at <redis_dir>/dump.rdb; the previous data is parked, and restored by undo."""

    payload: ClassVar = PlacePayload
    notes: ClassVar = PlaceNotes
    paths: Paths
    run: str

    def preview(self, step: Task[PlacePayload]) -> Preview:
        """Return maybe: its input does not exist before the cutover."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[PlacePayload], memo: Memo[PlaceNotes], tell: Tell) -> bool:
        """Place the file; the native server is not running yet."""
        folder = Path(step.payload.redis_dir)
        parked = self._parked(folder, "before")
        memo.write(PlaceNotes(placing=True))
        owner = pwd.getpwnam("redis")
        place_rdb(self.paths.stage / "redis" / "dump.rdb", folder, (owner.pw_uid, owner.pw_gid), parked)
        if step.payload.append_only:
            make_append_only(folder, step.payload.append_only)
        return True

    def undo(self, step: Task[PlacePayload], memo: Memo[PlaceNotes], tell: Tell) -> None:
        """Park what the native server wrote and restore the previous data."""
        notes = memo.read()
        if not notes.placing:
            return
        folder = Path(step.payload.redis_dir)
        previous = self._parked(folder, "before")
        if not notes.parked:
            park(folder, self._parked(folder, "after"))
            memo.write(PlaceNotes(parked=True))
        if previous.exists():
            park(previous, folder)
        memo.write(PlaceNotes(placing=False, parked=False))

    def _parked(self, folder: Path, when: str) -> Path:
        return folder.parent / ".omnimind-parked" / self.run / f"{folder.name}.{when}"
