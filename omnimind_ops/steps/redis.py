"""kinds "redis" and "place": take Redis' data from the running container, put it where the native server loads it."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import redis_password
from omnimind_ops.paths import Paths
from omnimind_ops.steps.arguments import number, text
from omnimind_ops.stores.redis.backup import build_rdb_from_backup
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fingerprint import fingerprint, horizon
from omnimind_ops.stores.redis.rdb import park, place_rdb
from omnimind_ops.stores.redis.scratch import build_rdb_logically
from omnimind_ops.stores.redis.sync import fetch_rdb
from omnimind_ops.stores.redis.wire import blob, connect

DELAY = "repl-diskless-sync-delay"


@dataclass(frozen=True)
class RedisStep:
    """Leaves stage/redis/dump.rdb, readable by the native server, and the fingerprint of the source in the journal."""

    paths: Paths

    def preview(self, step: Step) -> Preview:
        """Say which way is taken."""
        return Preview(step.id, Change.YES, (text(step.args, "way"),))

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Take the data once; a redo after the container stopped keeps what was taken."""
        rdb = self.staged
        if memo.get("taken"):
            return False
        rdb.parent.mkdir(parents=True, exist_ok=True)
        rdb.unlink(missing_ok=True)
        if packed := text(step.args, "backup"):
            build_rdb_from_backup(Path(packed), text(step.args, "target_version"), self._scratch, rdb, tell, step.id)
        else:
            self._take(step, rdb, memo, tell)
        memo.put("taken", True)
        return True

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """The staged copy stays until the next run or `finish`; forget that it is fresh."""
        memo.put("taken", False)

    @property
    def staged(self) -> Path:
        """Where the RDB file waits."""
        return self.paths.stage / "redis" / "dump.rdb"

    def _take(self, step: Step, rdb: Path, memo: Memo, tell: Tell) -> None:
        password = redis_password(text(step.args, "password_of")) if text(step.args, "password_of") else ""
        source = RedisEndpoint(text(step.args, "host"), number(step.args, "port"), password=password)
        if step.args.get("save_first"):
            with connect(source) as wire:
                wire.call("SAVE")
            tell(line(step.id, "asked the old Redis to save: it keeps nothing on a stop by itself"))
        until = horizon(source)
        memo.put("horizon", until)
        memo.put("fingerprint", asdict(fingerprint(source, until, tell, step.id)))
        if text(step.args, "way") == "logical":
            build_rdb_logically(source, self._scratch, rdb, tell, step.id)
        else:
            with _without_delay(source):
                fetch_rdb(source, rdb, tell, step.id)

    @property
    def _scratch(self) -> Path:
        return self.paths.stage / "redis-scratch"


@contextmanager
def _without_delay(source: RedisEndpoint) -> Iterator[None]:
    """Let a dump begin at once: a server waits 5 s for more replicas, all of it downtime. A running server's setting, given back after."""
    with connect(source) as wire:
        found = wire.probe("CONFIG", "GET", DELAY)
        before = blob(found[1]).decode() if isinstance(found, list) and len(found) == 2 else "0"
        if before != "0":
            wire.call("CONFIG", "SET", DELAY, "0")
    try:
        yield
    finally:
        if before != "0":
            with connect(source) as wire:
                wire.call("CONFIG", "SET", DELAY, before)


@dataclass(frozen=True)
class PlaceStep:
    """Puts the staged RDB at <redis_dir>/dump.rdb; what was there is parked, and given back by undo."""

    paths: Paths
    run: str

    def preview(self, step: Step) -> Preview:
        """Its input does not exist before the cutover."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Place it; the native server is not running yet."""
        folder = Path(text(step.args, "redis_dir"))
        parked = self._parked(folder, "before")
        memo.put("placing", True)
        owner = pwd.getpwnam("redis")
        place_rdb(self.paths.stage / "redis" / "dump.rdb", folder, (owner.pw_uid, owner.pw_gid), parked)
        return True

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Park what the native server wrote, give back what was there before."""
        if not memo.get("placing"):
            return
        folder = Path(text(step.args, "redis_dir"))
        before = self._parked(folder, "before")
        if not memo.get("parked"):
            park(folder, self._parked(folder, "after"))
            memo.put("parked", True)
        if before.exists():
            park(before, folder)
        memo.put("placing", False)
        memo.put("parked", False)

    def _parked(self, folder: Path, when: str) -> Path:
        return folder.parent / ".omnimind-parked" / self.run / f"{folder.name}.{when}"
