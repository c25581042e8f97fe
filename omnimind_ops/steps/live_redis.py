"""kind "live-redis": copy Redis while it is in use. The copy stays up to date until the cutover takes it over."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import LiveRedisNotes
from omnimind_ops.model.payloads import LiveRedisPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import memory_limit, redis_password
from omnimind_ops.paths import Paths
from omnimind_ops.steps.hidden_redis import Hidden
from omnimind_ops.stores.redis.care import room_to_read
from omnimind_ops.stores.redis.changes import CannotFollowError
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.give_back import process_of
from omnimind_ops.stores.redis.handover import begin_snapshot, save_beside, setting, wait_until_saved
from omnimind_ops.stores.redis.live import LiveCopy, open_live_copy
from omnimind_ops.stores.redis.replica import follow, promote, wait_until_linked
from omnimind_ops.stores.redis.scratch import SERVER, save_scratch, scratch_server
from omnimind_ops.stores.redis.sync import fetch_rdb, without_delay

MEMORY_FACTOR = 1.3
"""How much of the source's memory a replica needs, with its buffers."""


class How(Enum):
    """How the data gets into the dump that the native server loads."""

    KEYS = "key by key"
    REPLICA = "replica"
    DUMP = "dump"


class LiveRedis:
    """The copy into a server, for as long as this process works on a run: a scratch server, or the native one (`hidden`)
    before it is seen.
    """

    def __init__(self, paths: Paths, hidden: Hidden | None = None) -> None:
        self.folder = paths.stage / "redis-live"
        self.hidden = hidden
        self._stack = ExitStack()
        self._copy: LiveCopy | None = None
        self._source = self._target = RedisEndpoint()
        self._way, self._how = "", How.KEYS
        self._process = ""  # of the native server
        self.is_native = False  # the data is copied into the native server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(
        self,
        source: RedisEndpoint,
        way: str,
        tell: Tell,
        step: str,
        *,
        follow_changes: bool = True,
        container_limit: int = 0,
        folder: str | None = None,
    ) -> None:
        """Copy everything (`way` logical) or become a replica (rdb); read everything for the evidence. Where this host
        has no memory for a replica, the dump is taken at the end.

        `folder` is that of the native server, if it gets the data now. Raise CannotFollowError when the source does not
        tell its changes; without `follow_changes`, nobody may write any more.
        """
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = server_facts(source)
        databases = max(facts.databases, facts.database_limit or 0)
        try:
            self._stack.enter_context(room_to_read(source, tell, step, container_limit))
            how = _how(way, facts.used_memory) if follow_changes else How.KEYS
            if how is not How.DUMP and folder and self.hidden:
                self._start_native(self.hidden, Path(folder))
            elif how is not How.DUMP:
                self._target = self._stack.enter_context(scratch_server(SERVER, self.folder, databases=databases))
            target = self._target if how is How.KEYS else None
            if how is How.REPLICA:  # first: a server lets a replica wait 5 s, and so both of ours wait at once
                follow(self._target, source)
            self._copy = self._stack.enter_context(open_live_copy(source, target, self.folder, follow=follow_changes))
            self._copy.copy_everything(tell, step)
            if how is How.REPLICA:
                wait_until_linked(self._target, tell, step)
            if self.is_native and follow_changes:
                self._save_native()
        except BaseException:
            self.close()
            raise
        self._source, self._way, self._how = source, way, how

    def is_ready(self, source: RedisEndpoint, way: str) -> bool:
        """Return whether there is a copy of this source, and it knows all changes."""
        if self._copy is None or (self._source, self._way) != (source, way):
            return False
        try:
            self._copy.check()
            return not self.is_native or process_of(self._target) == self._process
        except Problem:
            return False

    def finish(self, tell: Tell, step: str) -> tuple[Fingerprint, int]:
        """Bring the copy up to date and return the evidence with its horizon. Nobody may write to the source any
        more.
        """
        assert self._copy
        evidence = self._copy.finish(tell, step)
        if self._how is How.REPLICA:
            with connect(self._source) as connection:
                promote(self._target, connection)
        return evidence, self._copy.horizon

    def save(self, rdb: Path, tell: Tell, step: str) -> None:
        """Write the copy to a dump file, and end."""
        if self._how is How.DUMP:
            with without_delay(self._source):
                fetch_rdb(self._source, rdb, tell, step)
        else:
            save_scratch(self._target, self.folder, rdb)
        self.close()

    def settle(self) -> None:
        """Prepare the native server for the cutover, while the old one still serves."""
        if self.is_native and self.hidden:
            self.hidden.settle()
            with connect(self._target) as connection:
                wait_until_saved(connection)

    def hand_over(self, folder: Path) -> str:
        """Let the native server go on by itself, and begin to save what it has. Return its process (run_id)."""
        process = self._process
        if process_of(self._target) != process:
            raise Problem(
                "cannot hand over to the native Redis",
                "it has ended and started again since the data was copied into it",
                "read its log (journalctl -u redis-server), then migrate again",
            )
        self.settle()
        with connect(self._target) as connection:
            begin_snapshot(connection, folder)
        self.is_native = False  # so it is not stopped with the copy
        self.close()
        return process

    def close(self) -> None:
        """End the copy, and the server that has it."""
        self._copy = None
        self._stack.close()

    def _start_native(self, hidden: Hidden, folder: Path) -> None:
        self.is_native = True
        self._stack.callback(self._stop_native, hidden)
        hidden.start(folder)
        self._target = hidden.endpoint
        self._process = process_of(self._target)

    def _stop_native(self, hidden: Hidden) -> None:
        if self.is_native:
            self.is_native = False
            hidden.discard()

    def _save_native(self) -> None:
        """Make the native server save what it has, so that only the difference is left for the cutover."""
        with connect(self._target) as connection:
            if setting(connection, "appendonly") == "yes":
                wait_until_saved(connection)
            else:
                save_beside(connection)


@dataclass(frozen=True)
class LiveRedisStep:
    """Copies everything while the old Redis serves; what changes afterwards is followed until the cutover."""

    payload: ClassVar = LiveRedisPayload
    notes: ClassVar = LiveRedisNotes
    live: LiveRedis

    def preview(self, step: Task[LiveRedisPayload]) -> Preview:
        """Return the way of the copy."""
        return Preview(step.id, Change.YES, (step.payload.way,))

    def do(self, step: Task[LiveRedisPayload], memo: Memo[LiveRedisNotes], tell: Tell) -> bool:
        """Start the copy. Without it, the cutover copies everything while writers wait."""
        payload = step.payload
        source = redis_source(payload.host, payload.port, payload.password_of)
        limit = container_limit(payload.password_of)
        if payload.hidden and self.live.hidden and memo.read().enabled is None:
            memo.write(LiveRedisNotes(self.live.hidden.is_enabled()))
        try:
            self.live.start(source, payload.way, tell, step.id, container_limit=limit, folder=payload.hidden)
        except CannotFollowError as problem:
            text = f"Redis is copied after the writers have stopped, because {problem.what}: {problem.why}"
            tell(warning(text, step.id))
            return False
        tell(line(step.id, "copied all Redis keys; changes are followed until the cutover"))
        return True

    def undo(self, step: Task[LiveRedisPayload], memo: Memo[LiveRedisNotes], tell: Tell) -> None:
        """Stop to follow; nothing was changed outside the staging directory but the native Redis, which is stopped."""
        self.live.close()
        enabled = memo.read().enabled
        if enabled is not None and self.live.hidden:
            self.live.hidden.discard(disable=not enabled)


def _how(way: str, used_memory: int) -> How:
    if way == "logical":
        return How.KEYS
    return How.REPLICA if psutil.virtual_memory().available > used_memory * MEMORY_FACTOR else How.DUMP


def redis_source(host: str, port: int, password_of: str) -> RedisEndpoint:
    """Return the old Redis with the password of its container, if it has one."""
    return RedisEndpoint(host, port, password=redis_password(password_of) if password_of else "")


def container_limit(container: str) -> int:
    """Return the memory limit in bytes of the old Redis' container, 0 for none or without a container."""
    return memory_limit(container) if container else 0
