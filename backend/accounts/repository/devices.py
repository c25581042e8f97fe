"""Devices from which a user has logged in before, in Redis: their logins are not held up by other people's guesses.

A device is known by a random token in a cookie of its own, which outlives sessions and opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

SECONDS = 180 * 24 * 3600
"""How long a device is known after its last login."""


def digest(token: str) -> str:
    """Return the digest under which a device's token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


async def remember(redis: Redis, token: str, name: str) -> str:
    """Note that `name` has logged in on the device, a new one if the token is ""; return its token."""
    token = token or secrets.token_urlsafe(32)
    await redis.set(_key(token), name.encode(), ex=SECONDS)
    return token


async def is_known(redis: Redis, token: str, name: str) -> bool:
    """Return whether the last login on the device was by `name`. Without Redis no device is known."""
    from redis.exceptions import RedisError

    try:
        return bool(token) and await redis.get(_key(token)) == name.encode()
    except (RedisError, OSError):
        return False


def _key(token: str) -> str:
    return f"omnimind:device:{digest(token)}"
