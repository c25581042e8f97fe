"""kinds "open-redis" and "save-redis": the native Redis that has the data gets its port, and is saved afterwards."""

from __future__ import annotations

import pwd
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import NoNotes, OpenRedisNotes, RedisNotes
from omnimind_ops.model.payloads import OpenRedisPayload, SaveRedisPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.hidden_redis import Hidden, remove_data
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.redis.append_only import make_append_only
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.give_back import process_of
from omnimind_ops.stores.redis.handover import finish_snapshot, listen, stage_snapshot
from omnimind_ops.stores.redis.rdb import DUMP_NAME, stage_rdb

TAKE = "take-redis"
ARRIVING = "omnimind-arriving"
"""Folder inside the data folder, in which a dump is copied."""


@dataclass(frozen=True)
class OpenRedisStep:
    """Opens the port of the hidden server. If it does not have the data, the staged dump is put into its folder, and
    the unit starts later, with the others.
    """

    payload: ClassVar = OpenRedisPayload
    notes: ClassVar = OpenRedisNotes
    paths: Paths
    hidden: Hidden

    def preview(self, step: Task[OpenRedisPayload]) -> Preview:
        """Return what would be opened."""
        return Preview(step.id, Change.YES, (f"port {step.payload.port}",))

    def do(self, step: Task[OpenRedisPayload], memo: Memo[OpenRedisNotes], tell: Tell) -> bool:
        """Open the port, or place the dump; both may be repeated."""
        process = memo.of(TAKE, RedisNotes).native
        memo.write(OpenRedisNotes(opening=True))
        if not process:
            self._place(step.payload)
            return True
        self._open(process, step.payload.port)
        memo.write(OpenRedisNotes(answered_at=time.time()))
        tell(line(step.id, f"the native Redis answers on port {step.payload.port}"))
        return True

    def undo(self, step: Task[OpenRedisPayload], memo: Memo[OpenRedisNotes], tell: Tell) -> None:
        """Stop the server: the old one needs its port. What was written to it is parked by the step that cleared its
        folder.
        """
        if memo.read().opening:
            self.hidden.stop()

    def _open(self, process: str, port: int) -> None:
        hidden = self.hidden.endpoint
        try:
            is_same = process_of(hidden) == process
        except Problem as problem:
            raise _ended(problem.why) from problem
        if not is_same:
            raise _ended("it has started again since the data was copied into it")
        with connect(hidden) as connection:
            listen(connection, port)
        with connect(RedisEndpoint("127.0.0.1", port, password=hidden.password)) as connection:
            connection.call("PING")

    def _place(self, payload: OpenRedisPayload) -> None:
        self.hidden.discard()
        folder, owner = Path(payload.redis_dir), pwd.getpwnam("redis")
        arriving = folder / ARRIVING
        remove_data(folder)
        discard(arriving)
        stage_rdb(self.paths.stage / "redis" / DUMP_NAME, arriving, (owner.pw_uid, owner.pw_gid))
        (arriving / DUMP_NAME).replace(folder / DUMP_NAME)
        discard(arriving)
        if payload.append_only:
            make_append_only(folder, payload.append_only)


@dataclass(frozen=True)
class SaveRedisStep:
    """Waits until the native server's first dump is on the disk, and keeps it: what it had at the cutover."""

    payload: ClassVar = SaveRedisPayload
    notes: ClassVar = NoNotes
    paths: Paths
    hidden: Hidden

    def preview(self, step: Task[SaveRedisPayload]) -> Preview:
        """Return no change: the server writes its own files."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[SaveRedisPayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Wait, and stage the dump for rollbacks."""
        staged = self.paths.stage / "redis" / DUMP_NAME
        if not memo.of(TAKE, RedisNotes).native or staged.exists():
            return False
        folder = Path(step.payload.redis_dir)
        with connect(self.hidden.endpoint) as connection:
            finish_snapshot(connection, folder)
        if not stage_snapshot(folder, staged):
            text = (
                "the native Redis could not dump what it had at the cutover: a rollback cannot count what has changed"
            )
            tell(warning(text, step.id))
        return False

    def undo(self, step: Task[SaveRedisPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Keep the dump."""


def _ended(why: str) -> Problem:
    return Problem(
        "cannot open the native Redis",
        f"the server that has the data does not run any more: {why}",
        "nothing is lost: the containers start again. Read its log (journalctl -u redis-server), then migrate again",
    )
