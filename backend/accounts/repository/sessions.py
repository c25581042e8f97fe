"""Sessions in Redis, keyed by the SHA-256 of a random token.

The token exists only in the cookie, so the contents of Redis do not grant access.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import TYPE_CHECKING

import orjson

from backend.accounts.identity import Identity, Role

if TYPE_CHECKING:
    from redis.asyncio import Redis

MAX_SECONDS = 30 * 24 * 3600
"""Maximum lifetime of a session after login, whether it is used or not."""


def _key(token: str) -> str:
    return f"omnimind:session:{hashlib.sha256(token.encode()).hexdigest()}"


def _index(user: str) -> str:
    """Return the key of the user's sorted set of sessions, scored by their latest possible end."""
    return f"omnimind:sessions:{user}"


async def create(redis: Redis, identity: Identity, hours: int) -> str:
    """Create a session and return its token (256 random bits, as text). It ends `hours` after its last use."""
    token, now = secrets.token_urlsafe(32), time.time()
    key, index, until = _key(token), _index(identity.id), now + MAX_SECONDS
    value = orjson.dumps({"user": identity.id, "name": identity.name, "role": identity.role, "until": until})
    async with redis.pipeline(transaction=True) as pipe:
        pipe.set(key, value, ex=hours * 3600)
        pipe.zremrangebyscore(index, 0, now)
        pipe.zadd(index, {key: until})
        pipe.expire(index, MAX_SECONDS)
        await pipe.execute()
    return token


async def find(redis: Redis, token: str, hours: int) -> Identity | None:
    """Return the session's identity and extend it to `hours` from now; None if it has ended. One round trip."""
    value = await redis.getex(_key(token), ex=hours * 3600)
    if value is None:
        return None
    try:
        session = orjson.loads(value)
        until, identity = (
            float(session["until"]),
            Identity(session["user"], session["name"], Role(session["role"]), "session"),
        )
    except (ValueError, TypeError, KeyError):  # not what create() wrote
        await redis.delete(_key(token))
        return None
    return identity if until >= time.time() else None


async def end(redis: Redis, token: str) -> None:
    """End one session. Succeeds if it has already ended."""
    await redis.delete(_key(token))


async def end_all(redis: Redis, user: str) -> int:
    """End all sessions of a user, by id. Return their number."""
    keys = await redis.zrange(_index(user), 0, -1)
    return int(await redis.delete(*keys, _index(user))) - bool(keys) if keys else 0
