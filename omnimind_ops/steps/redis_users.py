"""kind "redis-users": write the old Redis' users (ACL) to a file that the native server reads.

From then on the file is the user's own.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import RedisUsersNotes
from omnimind_ops.model.payloads import RedisUsersPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import redis_password
from omnimind_ops.paths import Paths
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.scratch import SERVER, scratch_server
from omnimind_ops.stores.redis.users import lines_for, listed_as, name_of, read_users, refusal

HEADER = (
    "# Users of the old Redis, with the digests of their passwords. "
    "This file is yours: omnimind does not write it again.\n"
)


@dataclass(frozen=True)
class RedisUsersStep:
    """Writes the file; a user whom the native server does not understand is named and left out."""

    payload: ClassVar = RedisUsersPayload
    notes: ClassVar = RedisUsersNotes
    paths: Paths
    server: str = SERVER

    def preview(self, step: Task[RedisUsersPayload]) -> Preview:
        """Return maybe: the users are read when the step runs."""
        return Preview(step.id, Change.MAYBE)

    def do(self, step: Task[RedisUsersPayload], memo: Memo[RedisUsersNotes], tell: Tell) -> bool:
        """Write the users that the native server accepts."""
        payload = step.payload
        with connect(_source(payload)) as connection:
            users = read_users(connection, payload.without)
        if users is None:
            tell(warning("the old Redis does not list its users (ACL LIST): none is carried", step.id))
        accepted = self._accepted(lines_for(users or (), payload.target_version), step.id, tell)
        file = Path(payload.file)
        if not accepted:
            return False
        if file.exists() and not memo.read().written:
            tell(warning(f"{file} exists and stays as it is: the old Redis' users are not carried", step.id))
            return False
        memo.write(RedisUsersNotes(True, {name_of(user): digest for user, digest in accepted.items()}))
        _write(file, HEADER + "".join(f"{user}\n" for user in accepted))
        return True

    def undo(self, step: Task[RedisUsersPayload], memo: Memo[RedisUsersNotes], tell: Tell) -> None:
        """Set the file that this run wrote aside, under a name that is not read: somebody may have edited it since."""
        file = Path(step.payload.file)
        if not memo.read().written:
            return
        if file.exists():
            aside = unused_beside(file)
            file.rename(aside)
            tell(line(step.id, f"moved {file} to {aside}"))
        memo.write(RedisUsersNotes(written=False))

    def _accepted(self, lines: tuple[str, ...], step: str, tell: Tell) -> dict[str, str]:
        """Return the users that the native server accepts, each with the digest of how it lists it."""
        if not lines:
            return {}
        accepted = {}
        with (
            scratch_server(self.server, self.paths.stage / "redis-users") as scratch,
            connect(scratch) as connection,
        ):
            for user in lines:
                if why := refusal(connection, user):
                    tell(warning(f"the user {name_of(user)} of the old Redis is not carried: {why}", step))
                else:
                    tell(line(step, f"carried the user {name_of(user)}"))
                    accepted[user] = listed_as(connection, user)
        return accepted


def _source(payload: RedisUsersPayload) -> RedisEndpoint:
    password = redis_password(payload.password_of) if payload.password_of else ""
    return RedisEndpoint(payload.host, payload.port, password=password)


def unused_beside(file: Path) -> Path:
    """Return a free name beside a file; it does not end as the files that are read."""
    names = (file.with_name(f"{file.name}.rolled-back{number}") for number in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for path in names if not path.exists())


def _write(file: Path, content: str) -> None:
    """Write the file for root and the server's group; the digests are of no use to others."""
    new = file.with_name(f".{file.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as target:
        target.write(content)
        target.flush()
        os.fsync(handle)
    shutil.chown(new, "root", "redis")
    new.replace(file)
