"""Login and password change, used by the /auth routes."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from backend.accounts.passwords import Passwords
from backend.accounts.repository import devices, users
from backend.accounts.repository.users import Change, User
from backend.clients.pools import Pools
from backend.http.errors import ApiProblem
from backend.http.rate_limits import Limits
from backend.settings import Settings

NAMES_PER_NETWORK = 10
"""Number of user names that one network may try at the full rate."""


@dataclass(frozen=True)
class LoginDependencies:
    """Dependencies of a login."""

    settings: Settings
    pools: Pools
    limits: Limits
    passwords: Passwords


async def log_in(deps: LoginDependencies, address: str, name: str, password: str, device: str) -> tuple[User, str, str]:
    """Return the user, the token of a new session, and the device's token; `device` is the one that it sent.

    Raises 401 on any failure, with the same message and the same amount of work each time. Raises 429 after too many
    attempts.
    """
    bucket = await _count(deps, address, name, device)
    account = await users.find(deps.pools.postgres, name)
    is_right = await deps.passwords.verify(account[1] if account else None, password)
    token = None
    if account and is_right and not account[0].disabled:
        token = await users.begin_session(deps.pools.postgres, deps.pools.redis, *account, deps.settings.session_hours)
    if not account or token is None:
        raise _wrong_credentials()
    await deps.limits.reset(bucket)
    if deps.passwords.is_outdated(account[1]):
        await users.renew_hash(deps.pools.postgres, account[0].id, account[1], await deps.passwords.hash(password))
    return account[0], token, await devices.remember(deps.pools.redis, device, name)


async def change_password(deps: LoginDependencies, name: str, old: str, new: str) -> None:
    """Set a new password if the old one is correct. All sessions of the user end, including the current one."""
    bucket = f"password:{_digest(name)}"
    await deps.limits.count(bucket, deps.settings.logins_per_minute)
    account = await users.find(deps.pools.postgres, name)
    if not await deps.passwords.verify(account[1] if account else None, old) or not account:
        raise _wrong_credentials()
    await deps.limits.reset(bucket)
    await users.change(
        deps.pools.postgres, deps.pools.redis, account[0].id, Change(password_hash=await deps.passwords.hash(new))
    )


async def _count(deps: LoginDependencies, address: str, name: str, device: str) -> str:
    """Count the attempt before it runs, so that concurrent attempts are counted too.

    A name is counted over all addresses, and a network over all names. A device on which this user has logged in before
    is counted by itself: nobody else's guesses can lock its user out.
    """
    limit = deps.settings.logins_per_minute
    if await devices.is_known(deps.pools.redis, device, name):
        bucket = f"login:device:{devices.digest(device)}"
    else:
        await deps.limits.count(f"login:network:{_network(address)}", limit * NAMES_PER_NETWORK)
        bucket = f"login:name:{_digest(name)}"
    await deps.limits.count(bucket, limit)
    return bucket


def _network(address: str) -> str:
    """Return the network that one person may well have whole: this host, a /24 of IPv4, a /64 of IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.is_loopback:
        return "loopback"
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _wrong_credentials() -> ApiProblem:
    return ApiProblem(
        401,
        "wrong name or password",
        fix="an admin can set a new password: omnimind user passwd NAME",
        headers={"WWW-Authenticate": "Bearer"},
    )
