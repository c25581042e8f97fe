"""Logging in and changing one's password: what the routes of /auth do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from backend.accounts.passwords import Passwords
from backend.accounts.repository import users
from backend.accounts.repository.users import Change, User
from backend.clients.pools import Pools
from backend.http.errors import ApiProblem
from backend.http.rate_limits import Limits
from backend.settings import Settings

TOGETHER = 10
"""How many names one address may try at full rate."""


@dataclass(frozen=True)
class Door:
    """What a login needs."""

    settings: Settings
    pools: Pools
    limits: Limits
    passwords: Passwords


async def log_in(door: Door, address: str, name: str, password: str) -> tuple[User, str]:
    """Return the user and the token of a new session. 401 in the same words and after the same work whatever is wrong; 429 after too many."""
    bucket = await _count(door, address, name)
    found = await users.named(door.pools.postgres, name)
    is_right = await door.passwords.check(found[1] if found else None, password)
    token = None
    if found and is_right and not found[0].disabled:
        token = await users.begin_session(door.pools.postgres, door.pools.redis, *found, door.settings.session_hours)
    if not found or token is None:
        raise _wrong()
    await door.limits.forgive(bucket)
    if door.passwords.is_outdated(found[1]):
        await users.renew_hash(door.pools.postgres, found[0].id, found[1], await door.passwords.hash(password))
    return found[0], token


async def change_password(door: Door, address: str, name: str, old: str, new: str) -> None:
    """Set a new password for whoever knows the old one; all sessions end, this one too."""
    bucket = await _count(door, address, name)
    found = await users.named(door.pools.postgres, name)
    if not await door.passwords.check(found[1] if found else None, old) or not found:
        raise _wrong()
    await door.limits.forgive(bucket)
    await users.change(door.pools.postgres, door.pools.redis, found[0].id, Change(password_hash=await door.passwords.hash(new)))


async def _count(door: Door, address: str, name: str) -> str:
    """Count the attempt before it is made: attempts made at once are counted too."""
    most = door.settings.logins_per_minute
    await door.limits.spend(f"login:{address}", most * TOGETHER)
    bucket = f"login:{address}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    await door.limits.spend(bucket, most)
    return bucket


def _wrong() -> ApiProblem:
    return ApiProblem(401, "wrong name or password", fix="an admin can set a new password: omnimind user passwd NAME", headers={"WWW-Authenticate": "Bearer"})
