"""kind "read-native": record the content of the native stores when their writers have stopped, and take Redis' dump."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.carry import NativeNotes, ReadNativePayload
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.qdrant import fingerprint as qdrant
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes, release_writes
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.sync import fetch_rdb


@dataclass(frozen=True)
class ReadNativeStep:
    """Redis' writes are held from its last read until it stops."""

    payload: ClassVar = ReadNativePayload
    notes: ClassVar = NativeNotes
    goal: Goal
    credentials: Callable[[], Credentials]

    def preview(self, step: Task[ReadNativePayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[ReadNativePayload], memo: Memo[NativeNotes], tell: Tell) -> bool:
        """Read everything."""
        if step.payload.qdrant:
            address = f"http://127.0.0.1:{self.goal.qdrant_port}"
            content = qdrant.fingerprint(QdrantEndpoint(address, self.credentials().qdrant))
            memo.write(NativeNotes(qdrant=content))
        if step.payload.dump:
            self._read_redis(step, memo, tell)
        return False

    def undo(self, step: Task[ReadNativePayload], memo: Memo[NativeNotes], tell: Tell) -> None:
        """Let held writes go on."""
        if step.payload.dump:
            with suppress(Problem), connect(self._redis, timeout=5) as connection:
                release_writes(connection)

    @property
    def _redis(self) -> RedisEndpoint:
        return RedisEndpoint("127.0.0.1", self.goal.redis_port, password=self.credentials().redis)

    def _read_redis(self, step: Task[ReadNativePayload], memo: Memo[NativeNotes], tell: Tell) -> None:
        source, dump = self._redis, Path(step.payload.dump)
        with connect(source) as connection:
            if not hold_writes(connection):
                tell(warning("this Redis cannot hold writes: what other clients write now is not carried", step.id))
        until = choose_horizon(source)
        content = fingerprint(source, until, tell, step.id, minutes=True)
        memo.write(NativeNotes(redis=content, horizon=until))
        dump.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        dump.unlink(missing_ok=True)
        fetch_rdb(source, dump, tell, step.id)
        tell(line(step.id, f"took a dump of {sum(n for name, n in content.counts.items() if 'of type' in name)} keys"))
