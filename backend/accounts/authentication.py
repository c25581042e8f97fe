"""Authentication: the session cookie, or the API token in the Authorization header.

Tokens in query strings are ignored, because URLs end up in logs.
"""

from __future__ import annotations

import ipaddress

from starlette.requests import HTTPConnection

from backend.accounts.identity import OPEN, Identity
from backend.accounts.repository import sessions, tokens
from backend.clients.pools import Pools
from backend.http.errors import ApiProblem
from backend.settings import Settings

COOKIE = "omnimind_session"
DEVICE_COOKIE = "omnimind_device"
MAX_LENGTH = 200
"""Limit on the length of a credential, in characters. Valid ones have fewer than 60."""


async def authenticate(connection: HTTPConnection, settings: Settings, pools: Pools) -> Identity:
    """Return the caller's identity. Raises 401 for a caller without credentials, or for an invalid or expired token."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        identity = (
            await tokens.find(pools.postgres, token)
            if scheme.lower() == "bearer" and token.startswith(tokens.PREFIX) and len(token) < MAX_LENGTH
            else None
        )
        if identity is None:
            raise unauthenticated(
                "the token is not valid: it is unknown, has expired, or its user is disabled",
                "create a new token: POST /tokens",
            )
        return identity
    cookie = connection.cookies.get(COOKIE, "")
    session = (
        await sessions.find(pools.redis, cookie, settings.session_hours)
        if cookie and len(cookie) < MAX_LENGTH
        else None
    )
    if session:
        return session
    if settings.open_reads and is_here(address_of(connection)):
        return OPEN
    raise unauthenticated(
        "the session has ended" if cookie else "the request has neither a session nor a token",
        "log in: POST /auth/login, or send Authorization: Bearer omt_…",
    )


def address_of(connection: HTTPConnection) -> str:
    """Return the client's address.

    X-Forwarded-For is ignored: any process on this machine could forge it.
    """
    return connection.client.host if connection.client else "local"


def is_here(address: str) -> bool:
    """Return whether a client's address is on this machine: with --listen as-before, others can reach it too."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True  # no network address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def unauthenticated(detail: str, fix: str) -> ApiProblem:
    """Return the 401 problem."""
    return ApiProblem(401, "not logged in", detail, fix=fix, headers={"WWW-Authenticate": "Bearer"})
