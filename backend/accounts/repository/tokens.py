"""API tokens (`omt_…`): shown once; PostgreSQL stores only their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from backend.accounts.identity import Identity, Role

if TYPE_CHECKING:
    from backend.clients.pools import Postgres

PREFIX = "omt_"
_FIND = """
SELECT t.id, t.role, u.id, u.name, u.role, coalesce(t.last_used_at < now() - interval '1 minute', true)
FROM tokens t JOIN users u ON u.id = t.user_id
WHERE t.digest = %s AND NOT u.disabled AND (t.expires_at IS NULL OR t.expires_at > now())
"""
_MARK_USED = """
UPDATE tokens SET last_used_at = now()
WHERE id = %s AND coalesce(last_used_at < now() - interval '1 minute', true)
"""


@dataclass(frozen=True)
class Token:
    """One token, without its secret."""

    id: UUID
    user_id: UUID
    user: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def digest(token: str) -> bytes:
    """Return the stored digest of a token. Tokens are random, so a plain hash cannot be reversed by guessing."""
    return hashlib.sha256(token.encode()).digest()


async def find(postgres: Postgres, token: str) -> Identity | None:
    """Return the identity of a token, with the lower of the user's and the token's role.

    Returns None if the token is unknown or expired, or if its user is disabled.
    """
    async with postgres.connection() as connection:
        row = await (await connection.execute(_FIND, (digest(token),))).fetchone()
        if row is None:
            return None
        id_, role, user, name, user_role, is_stale = row
        if is_stale:  # at most one write a minute, however often the token is used
            await connection.execute(_MARK_USED, (id_,))
    return Identity(str(user), name, min(Role(role), Role(user_role), key=lambda role: role.rank), "token")


async def create(
    postgres: Postgres, user: UUID, name: str, role: Role, expires_at: datetime | None
) -> tuple[UUID, str]:
    """Store a new token. Return its id and the token itself, which cannot be read again."""
    token, id_ = PREFIX + secrets.token_urlsafe(32), uuid4()
    async with postgres.connection() as connection:
        await connection.execute(
            "INSERT INTO tokens (id, user_id, name, digest, role, expires_at) VALUES (%s, %s, %s, %s, %s, %s)",
            (id_, user, name, digest(token), role.value, expires_at),
        )
    return id_, token


async def list_tokens(postgres: Postgres, user: UUID | None = None) -> list[Token]:
    """Return the tokens of one user, or of all users, newest first."""
    async with postgres.connection() as connection:
        rows = await connection.execute(
            "SELECT t.id, t.user_id, u.name, t.name, t.role, t.created_at, t.expires_at, t.last_used_at"
            " FROM tokens t JOIN users u ON u.id = t.user_id"
            " WHERE %(user)s::uuid IS NULL OR t.user_id = %(user)s ORDER BY t.created_at DESC, t.id LIMIT 1000",
            {"user": user},
        )
        return [
            Token(id_, owner, login, name, Role(role), *times)
            for id_, owner, login, name, role, *times in await rows.fetchall()
        ]


async def delete(postgres: Postgres, token: UUID, user: UUID | None = None) -> bool:
    """Delete a token; with `user`, only if it belongs to that user. Return whether a token was deleted."""
    async with postgres.connection() as connection:
        result = await connection.execute(
            "DELETE FROM tokens WHERE id = %(id)s AND (%(user)s::uuid IS NULL OR user_id = %(user)s)",
            {"id": token, "user": user},
        )
        return result.rowcount == 1
