"""Access control of routes: a route declares Reader, Writer or Admin in its signature.

Each call counts against the caller's rate limit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from backend.accounts.authentication import COOKIE, address_of, authenticate
from backend.accounts.identity import Identity, Role
from backend.clients.pools import Pools
from backend.deps import PoolsDep, SettingsDep, timing_of
from backend.http.errors import ApiProblem
from backend.http.rate_limits import Limits
from backend.settings import Settings

_cookie = APIKeyCookie(name=COOKIE, scheme_name="session", description="What POST /auth/login sets.", auto_error=False)
_bearer = HTTPBearer(scheme_name="token", description="An API token: omt_…", auto_error=False)


def _require(role: Role) -> Callable[..., Awaitable[Identity]]:
    async def check(
        connection: HTTPConnection,
        settings: SettingsDep,
        pools: PoolsDep,
        _cookie_scheme: Annotated[str | None, Security(_cookie)] = None,
        _bearer_scheme: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    ) -> Identity:
        identity = await identify(connection, settings, pools)
        if not identity.role.covers(role):
            raise ApiProblem(
                403,
                "not allowed",
                f"this requires the role {role}; {identity.name} has the role {identity.role}",
                fix=f"ask an admin for the role {role}",
            )
        return identity

    return check


async def identify(connection: HTTPConnection, settings: Settings, pools: Pools) -> Identity:
    """Return the caller's identity and count the request.

    Requests count per user once the caller is authenticated, and per address before that.
    """
    limits: Limits = connection.app.state.limits
    timing = timing_of(connection)
    bucket = f"address:{address_of(connection)}"
    try:
        with timing.stage("auth"):
            identity = await authenticate(connection, settings, pools)
        bucket = f"user:{identity.id}" if identity.id else bucket
        return identity
    finally:
        with timing.stage("redis"):
            headers = await limits.count(bucket, settings.requests_per_minute)
        connection.scope["omnimind.headers"].update(headers)


Reader = Annotated[Identity, Depends(_require(Role.READER))]
Writer = Annotated[Identity, Depends(_require(Role.WRITER))]
Admin = Annotated[Identity, Depends(_require(Role.ADMIN))]
