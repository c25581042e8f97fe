"""`python -m backend.accounts.command`: `omnimind user` in a child process that can import the store clients.

stdin takes one JSON object: {"action": …, and the arguments of the function of that name}. stdout returns one JSON
object: {"done": …}, or {"why": …, "fix": …} with exit code 1.

Passwords and tokens travel only this way, never in argv or the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backend.accounts import bench_users
from backend.accounts.identity import Role
from backend.accounts.passwords import LONGEST, SHORTEST, Passwords
from backend.accounts.repository import tokens, users
from backend.accounts.repository.users import NAME, Change, LastAdmin, User
from backend.clients.pools import postgres_pool, redis_client
from backend.http import faults
from backend.http.errors import ApiProblem
from backend.http.rate_limits import Limits
from backend.settings import Settings, load

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from backend.clients.pools import Postgres

Answer = Mapping[str, object] | list[Mapping[str, object]]
BENCH_USER_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class UserCommand:
    """Dependencies of the actions."""

    postgres: Postgres
    redis: Redis
    passwords: Passwords


class Refused(Exception):  # noqa: N818 an answer, not an error
    """The action is refused: the reason, and what to do."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


async def add(command: UserCommand, name: str, password: str, role: str | None = None) -> Answer:
    """Create a user. Without `role`, the first user becomes an admin and every other user a reader."""
    if name.startswith(bench_users.PREFIX):
        raise Refused(
            f"names that begin with {bench_users.PREFIX} are those of measurements, which come and go",
            "choose another name",
        )
    if not re.fullmatch(NAME, name):
        raise Refused(f"{name!r} is no name for a user", "use up to 64 of a-z 0-9 . _ -, a letter or digit first")
    known = [user for user in await users.listed(command.postgres) if not user.name.startswith(bench_users.PREFIX)]
    chosen = Role(role) if role else Role.READER if known else Role.ADMIN
    made = await users.create(command.postgres, name, await command.passwords.hash(_long_enough(password)), chosen)
    if made is None:
        raise Refused(
            f"there is a user {name}", f"choose another name, or set a new password: omnimind user passwd {name}"
        )
    return _public(made)


async def listed(command: UserCommand) -> Answer:
    """Return all users."""
    return [_public(user) for user in await users.listed(command.postgres)]


async def change(
    command: UserCommand, name: str, disabled: bool | None = None, password: str | None = None, role: str | None = None
) -> Answer:
    """Disable or enable a user, or set a password or role. All sessions of the user end."""
    user = await _named(command, name)
    hashed = await command.passwords.hash(_long_enough(password)) if password is not None else None
    try:
        changed = await users.change(
            command.postgres, command.redis, user.id, Change(Role(role) if role else None, disabled, hashed)
        )
    except LastAdmin:
        raise Refused(
            f"{name} is the last admin who can log in", "make another one first: omnimind user add NAME --role admin"
        ) from None
    return _public(changed or user)


async def token(command: UserCommand, name: str, label: str, role: str, days: int | None) -> Answer:
    """Create an API token for a user. The token is only ever shown in this answer."""
    user = await _named(command, name)
    if user.disabled or not user.role.covers(Role(role)):
        why = (
            f"{name} is disabled"
            if user.disabled
            else f"a token may do at most what its owner may, and {name} is {user.role}"
        )
        raise Refused(why, f"omnimind user enable {name}" if user.disabled else f"ask for --role {user.role}")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    _, made = await tokens.create(command.postgres, user.id, label, Role(role), until)
    return {"token": made, "user": name, "name": label, "role": role, "expires_at": until}


async def create_bench_user(command: UserCommand, role: str, pid: int) -> Answer:
    """Create a temporary user for a measurement.

    Its password is random and never shown; its token expires within a day. `delete_bench_user` deletes both. `pid` is
    the measuring process.

    Bench users left behind by killed processes are deleted first. If it is unknown whether the process still runs, they
    are deleted after one day.
    """
    for user in await users.listed(command.postgres):
        if bench_users.is_left(user.name) or (
            user.name.startswith(bench_users.PREFIX) and user.created_at < datetime.now(UTC) - BENCH_USER_LIFETIME
        ):
            await _delete(command, user)
    name = bench_users.name(pid)
    made = await users.create(
        command.postgres, name, await command.passwords.hash(secrets.token_urlsafe(32)), Role(role)
    )
    if made is None:
        raise Refused(f"there is a user {name}", "try again")
    _, text = await tokens.create(
        command.postgres, made.id, "bench", Role(role), datetime.now(UTC) + BENCH_USER_LIFETIME
    )
    return {"name": name, "token": text}


async def delete_bench_user(command: UserCommand, name: str) -> Answer:
    """Delete a user created by `create_bench_user`, with its token. Succeeds if the user no longer exists."""
    found = await users.named(command.postgres, name) if name.startswith(bench_users.PREFIX) else None
    if found:
        await _delete(command, found[0])
    return {"name": name}


async def _delete(command: UserCommand, user: User) -> None:
    await users.delete(command.postgres, user.id)
    await Limits(command.redis).forgive(f"user:{user.id}")


ACTIONS: dict[str, Callable[..., Awaitable[Answer]]] = {
    "add": add,
    "list": listed,
    "change": change,
    "token": token,
    "create_bench_user": create_bench_user,
    "delete_bench_user": delete_bench_user,
}


async def act(settings: Settings, words: Mapping[str, Any]) -> Answer:
    """Run the requested action and return its result."""
    async with AsyncExitStack() as stack:
        postgres, redis = (
            postgres_pool(settings.postgres_dsn, "omnimind-users", most=1),
            redis_client(settings.redis_url, "omnimind-users", most=1),
        )
        await stack.enter_async_context(postgres)
        stack.push_async_callback(redis.aclose)
        passwords = Passwords()
        stack.callback(passwords.close)
        rest = {key: value for key, value in words.items() if key != "action"}
        return await ACTIONS[words["action"]](UserCommand(postgres, redis, passwords), **rest)


async def _named(command: UserCommand, name: str) -> User:
    found = await users.named(command.postgres, name)
    if not found:
        raise Refused(f"there is no user {name}", "list them: omnimind user list")
    return found[0]


def _long_enough(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(
            f"a password has {SHORTEST} to {LONGEST} characters", "choose a longer one, or let one be made: --generate"
        )
    return password


def _public(user: User) -> Mapping[str, object]:
    return asdict(user)


def main() -> int:
    """Read the request, run it, write the answer, and return the exit code."""
    import logging

    logging.disable(logging.CRITICAL)  # silence the pool's warnings: the answer states what failed
    try:
        said: dict[str, object] = {"done": asyncio.run(act(load(os.environ), json.load(sys.stdin)))}
    except Refused as error:
        said = {"why": error.why, "fix": error.fix}
    except Exception as error:
        problem = faults.translate(error)
        if problem is None:
            raise
        said = _unreachable(problem)
    json.dump(said, sys.stdout, default=str)
    return 0 if "done" in said else 1


def _unreachable(problem: ApiProblem) -> dict[str, object]:
    words = f"{problem.title}: {problem.detail}" if problem.detail else problem.title
    return {"why": words, "fix": "start it: omnimind up; then run the same command again"}


if __name__ == "__main__":
    sys.exit(main())
