"""Users in PostgreSQL.

A change that removes rights ends the user's sessions in the same transaction: if Redis fails, nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from backend.accounts.identity import Identity, Role
from backend.accounts.repository import sessions

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from backend.clients.pools import Postgres

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
"""Pattern of a user name, short enough to type."""
_COLUMNS = "id, name, role, disabled, created_at"
_ADMINS = 0x61646D696E73  # "admins": advisory lock that serialises changes, so that the last admin cannot be removed


@dataclass(frozen=True)
class User:
    """One user. The password hash stays in the database."""

    id: UUID
    name: str
    role: Role
    disabled: bool
    created_at: datetime


@dataclass(frozen=True)
class Change:
    """A change to a user; None leaves a field unchanged."""

    role: Role | None = None
    disabled: bool | None = None
    password_hash: str | None = None


class LastAdmin(Exception):  # noqa: N818 an answer, not an error
    """Refused: at least one admin must be able to log in."""


async def create(postgres: Postgres, name: str, password_hash: str, role: Role) -> User | None:
    """Create a user; return None if the name is taken."""
    statement = (
        "INSERT INTO users (name, password_hash, role) VALUES (%s, %s, %s)"  # noqa: S608 constant column names
        f" ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}"
    )
    async with postgres.connection() as connection:
        return _user(await (await connection.execute(statement, (name, password_hash, role.value))).fetchone())


async def list_users(postgres: Postgres) -> list[User]:
    """Return all users, by name."""
    async with postgres.connection() as connection:
        rows = await (await connection.execute(f"SELECT {_COLUMNS} FROM users ORDER BY name")).fetchall()  # noqa: S608
    return [user for row in rows if (user := _user(row))]


async def find(postgres: Postgres, name: str) -> tuple[User, str] | None:
    """Return a user and the password hash; None for an unknown name."""
    async with postgres.connection() as connection:
        rows = await connection.execute(
            f"SELECT {_COLUMNS}, password_hash FROM users WHERE name = %s",  # noqa: S608
            (name,),
        )
        row = await rows.fetchone()
    user = _user(row and row[:-1])
    return (user, row[-1]) if user and row else None


async def change(postgres: Postgres, redis: Redis, user: UUID, requested: Change) -> User | None:
    """Change a user and end all of the user's sessions; None for an unknown id. Raises LastAdmin.

    A login locks the user's row until its session is in Redis, so no session can be created during the change and
    survive it.
    """
    async with postgres.connection() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADMINS,))
        row = await connection.execute(
            "UPDATE users SET role = coalesce(%s, role), disabled = coalesce(%s, disabled),"
            " password_hash = coalesce(%s, password_hash)"
            " WHERE id = %s RETURNING id, name, role, disabled, created_at",
            (requested.role and requested.role.value, requested.disabled, requested.password_hash, user),
        )
        changed = _user(await row.fetchone())
        if changed and (requested.disabled or requested.role) and not await _has_admin(connection):
            raise LastAdmin
        if changed:
            await sessions.end_all(redis, str(user))
        return changed


async def delete(postgres: Postgres, user: UUID) -> None:
    """Delete a user and all tokens. Documents and uploads stay, without an owner."""
    async with postgres.connection() as connection:
        await connection.execute("DELETE FROM users WHERE id = %s", (user,))


async def begin_session(postgres: Postgres, redis: Redis, user: User, checked_hash: str, hours: int) -> str | None:
    """Return the token of a new session; None if the user was changed after the password check."""
    async with postgres.connection() as connection, connection.transaction():
        row = await (
            await connection.execute("SELECT password_hash, disabled FROM users WHERE id = %s FOR SHARE", (user.id,))
        ).fetchone()
        if row is None or row[0] != checked_hash or row[1]:
            return None
        return await sessions.create(redis, Identity(str(user.id), user.name, user.role, "session"), hours)


async def renew_hash(postgres: Postgres, user: UUID, old: str, new: str) -> None:
    """Replace an old hash with a new hash of the same password, made with the current parameters."""
    async with postgres.connection() as connection:
        await connection.execute(
            "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s", (new, user, old)
        )


async def _has_admin(connection: Any) -> bool:
    row = await (
        await connection.execute("SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND NOT disabled)")
    ).fetchone()
    return bool(row and row[0])


def _user(row: Any) -> User | None:
    return User(row[0], row[1], Role(row[2]), row[3], row[4]) if row else None
