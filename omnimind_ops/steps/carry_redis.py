"""kinds "park-redis" and "load-redis": give the old Redis the native one's keys.

Its own data is renamed away while it is stopped, so it starts empty; then the keys are copied one by one, which any
version understands.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.carry import LoadRedisPayload, ParkNotes, ParkRedisPayload
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts, wait_until_ready
from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.scratch import DAY, MANY_DATABASES, SERVER, fresh_folder, serve

DATA = ("*.rdb", "appendonly*", "*.aof")
"""Names of Redis' own data. What else is in its folder, such as a list of users, may be needed to start."""


@dataclass(frozen=True)
class ParkRedisStep:
    """Renames dump and append-only file of the stopped old Redis, and back."""

    payload: ClassVar = ParkRedisPayload
    notes: ClassVar = ParkNotes

    def preview(self, step: Task[ParkRedisPayload]) -> Preview:
        """Return what would be parked."""
        names = tuple(path.name for path in _data(Path(step.payload.folder)))
        return Preview(step.id, Change.YES if names else Change.NO, (*names, f"→ {step.payload.parked}"))

    def do(self, step: Task[ParkRedisPayload], memo: Memo[ParkNotes], tell: Tell) -> bool:
        """Rename; the names are noted first."""
        folder, parked = Path(step.payload.folder), Path(step.payload.parked)
        parked.mkdir(parents=True, exist_ok=True, mode=0o700)
        if memo.read().names is None:
            memo.write(ParkNotes(tuple(path.name for path in _data(folder))))
        for name in memo.read().names or ():
            if not (parked / name).exists():
                (folder / name).rename(parked / name)
        tell(line(step.id, f"the old Redis' own data is in {parked}"))
        return True

    def undo(self, step: Task[ParkRedisPayload], memo: Memo[ParkNotes], tell: Tell) -> None:
        """Remove what the old Redis wrote since, and rename its own data back."""
        folder, parked, names = Path(step.payload.folder), Path(step.payload.parked), memo.read().names
        if names is None or not parked.is_dir():
            return
        for path in _data(folder):
            if path.name not in names or (parked / path.name).exists():  # else it was not parked yet, or is back
                _discard(path)
        for name in names:
            if (parked / name).exists():
                (parked / name).rename(folder / name)
        parked.rmdir()


@dataclass(frozen=True)
class LoadRedisStep:
    """Serves the dump beside the old Redis and copies its keys.

    `endpoint` returns the address of a running container's Redis.
    """

    payload: ClassVar = LoadRedisPayload
    notes: ClassVar = NoNotes
    endpoint: Callable[[str], RedisEndpoint]
    server: str = SERVER

    def preview(self, step: Task[LoadRedisPayload]) -> Preview:
        """Return maybe: the dump does not exist before the native writers have stopped."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[LoadRedisPayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Copy every key into the old Redis, which is empty, and make it save them."""
        dump = Path(step.payload.dump)
        target = self.endpoint(step.payload.container)
        wait_until_ready(target)
        folder = fresh_folder(dump.parent)
        shutil.copyfile(dump, folder / DUMP_NAME)
        with serve(self.server, folder, databases=MANY_DATABASES) as scratch:
            count = copy_keys(scratch, target, tell, step.id)
        if not server_facts(target).aof:
            with connect(target, timeout=DAY) as connection:
                connection.call("SAVE")
        tell(line(step.id, f"copied {count} keys"))
        return True

    def undo(self, step: Task[LoadRedisPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Do nothing: the old Redis is stopped next, and its own data is renamed back."""


def _data(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in sorted(folder.iterdir()) if any(fnmatchcase(path.name, name) for name in DATA))


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
