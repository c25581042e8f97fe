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
from backend.accounts.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
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

Result = Mapping[str, object] | list[Mapping[str, object]]
BENCH_USER_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class UserCommand:
    """Dependencies of the actions."""

    postgres: Postgres
    redis: Redis
    passwords: Passwords


class CommandRefused(Exception):  # noqa: N818 an answer, not an error
    """The action is refused: the reason, and what to do."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


async def add(command: UserCommand, name: str, password: str, role: str | None = None) -> Result:
    """Create a user. Without `role`, the first user becomes an admin and every other user a reader."""
    if name.startswith(bench_users.PREFIX):
        raise CommandRefused(
            f"names that begin with {bench_users.PREFIX} are reserved for benchmarks",
            "choose another name",
        )
    if not re.fullmatch(NAME, name):
        raise CommandRefused(
            f"{name!r} is not a valid user name",
            "use 1 to 64 characters of a-z 0-9 . _ -, starting with a letter or digit",
        )
    others = [user for user in await users.list_users(command.postgres) if not user.name.startswith(bench_users.PREFIX)]
    new_role = Role(role) if role else Role.READER if others else Role.ADMIN
    user = await users.create(command.postgres, name, await command.passwords.hash(_check_length(password)), new_role)
    if user is None:
        raise CommandRefused(
            f"the user {name} already exists",
            f"choose another name, or set a new password: omnimind user passwd {name}",
        )
    return _public(user)


async def list_all(command: UserCommand) -> Result:
    """Return all users."""
    return [_public(user) for user in await users.list_users(command.postgres)]


async def change(
    command: UserCommand, name: str, disabled: bool | None = None, password: str | None = None, role: str | None = None
) -> Result:
    """Disable or enable a user, or set a password or role. All sessions of the user end."""
    user = await _get_user(command, name)
    hashed = await command.passwords.hash(_check_length(password)) if password is not None else None
    try:
        changed = await users.change(
            command.postgres, command.redis, user.id, Change(Role(role) if role else None, disabled, hashed)
        )
    except LastAdmin:
        raise CommandRefused(
            f"{name} is the last admin who can log in",
            "create another admin first: omnimind user add NAME --role admin",
        ) from None
    return _public(changed or user)


async def token(command: UserCommand, name: str, label: str, role: str, days: int | None) -> Result:
    """Create an API token for a user. The token is only ever shown in this answer."""
    user = await _get_user(command, name)
    if user.disabled or not user.role.covers(Role(role)):
        why = (
            f"{name} is disabled"
            if user.disabled
            else f"a token cannot have more rights than its owner, and {name} has the role {user.role}"
        )
        raise CommandRefused(why, f"omnimind user enable {name}" if user.disabled else f"use --role {user.role}")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    _, secret = await tokens.create(command.postgres, user.id, label, Role(role), until)
    return {"token": secret, "user": name, "name": label, "role": role, "expires_at": until}


async def create_bench_user(command: UserCommand, role: str, pid: int) -> Result:
    """Create a temporary user for a measurement.

    Its password is random and never shown; its token expires within a day. `delete_bench_user` deletes both. `pid` is
    the measuring process.

    Bench users left behind by killed processes are deleted first. If it is unknown whether the process still runs, they
    are deleted after one day.
    """
    for user in await users.list_users(command.postgres):
        if bench_users.is_orphaned(user.name) or (
            user.name.startswith(bench_users.PREFIX) and user.created_at < datetime.now(UTC) - BENCH_USER_LIFETIME
        ):
            await _delete(command, user)
    name = bench_users.new_name(pid)
    created = await users.create(
        command.postgres, name, await command.passwords.hash(secrets.token_urlsafe(32)), Role(role)
    )
    if created is None:
        raise CommandRefused(f"the user {name} already exists", "try again")
    _, token = await tokens.create(
        command.postgres, created.id, "bench", Role(role), datetime.now(UTC) + BENCH_USER_LIFETIME
    )
    return {"name": name, "token": token}


async def delete_bench_user(command: UserCommand, name: str) -> Result:
    """Delete a user created by `create_bench_user`, with its token. Succeeds if the user no longer exists."""
    account = await users.find(command.postgres, name) if name.startswith(bench_users.PREFIX) else None
    if account:
        await _delete(command, account[0])
    return {"name": name}


async def _delete(command: UserCommand, user: User) -> None:
    await users.delete(command.postgres, user.id)
    await Limits(command.redis).reset(f"user:{user.id}")


ACTIONS: dict[str, Callable[..., Awaitable[Result]]] = {
    "add": add,
    "list": list_all,
    "change": change,
    "token": token,
    "create_bench_user": create_bench_user,
    "delete_bench_user": delete_bench_user,
}


async def act(settings: Settings, request: Mapping[str, Any]) -> Result:
    """Run the requested action and return its result."""
    async with AsyncExitStack() as stack:
        postgres, redis = (
            postgres_pool(settings.postgres_dsn, "omnimind-users", max_connections=1),
            redis_client(settings.redis_url, "omnimind-users", max_connections=1),
        )
        await stack.enter_async_context(postgres)
        stack.push_async_callback(redis.aclose)
        passwords = Passwords()
        stack.callback(passwords.close)
        arguments = {key: value for key, value in request.items() if key != "action"}
        return await ACTIONS[request["action"]](UserCommand(postgres, redis, passwords), **arguments)


async def _get_user(command: UserCommand, name: str) -> User:
    account = await users.find(command.postgres, name)
    if not account:
        raise CommandRefused(f"there is no user {name}", "list them: omnimind user list")
    return account[0]


def _check_length(password: str) -> str:
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise CommandRefused(
            f"a password must have {MIN_LENGTH} to {MAX_LENGTH} characters",
            "choose another password, or use --generate",
        )
    return password


def _public(user: User) -> Mapping[str, object]:
    return asdict(user)


def main() -> int:
    """Read the request, run it, write the answer, and return the exit code."""
    import logging

    logging.disable(logging.CRITICAL)  # silence the pool's warnings: the reply states what failed
    try:
        reply: dict[str, object] = {"done": asyncio.run(act(load(os.environ), json.load(sys.stdin)))}
    except CommandRefused as error:
        reply = {"why": error.why, "fix": error.fix}
    except Exception as error:
        problem = faults.translate(error)
        if problem is None:
            raise
        reply = _unreachable(problem)
    json.dump(reply, sys.stdout, default=str)
    return 0 if "done" in reply else 1


def _unreachable(problem: ApiProblem) -> dict[str, object]:
    why = f"{problem.title}: {problem.detail}" if problem.detail else problem.title
    return {"why": why, "fix": "start it with `omnimind up`, then run the command again"}


if __name__ == "__main__":
    sys.exit(main())
