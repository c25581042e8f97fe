"""What routes ask for in their signatures: settings, pools, timing, and who is calling (Reader, Writer, Admin)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from backend.errors import ApiProblem
from backend.guard.caller import COOKIE, address_of, caller
from backend.guard.rate import Limits
from backend.pools import Pools
from backend.principal import Principal, Role
from backend.settings import Settings
from backend.timing import Timing


def _settings(connection: HTTPConnection) -> Settings:
    return cast(Settings, connection.app.state.settings)


def _pools(connection: HTTPConnection) -> Pools:
    return cast(Pools, connection.app.state.pools)


def _timing(connection: HTTPConnection) -> Timing:
    """Return this request's stages; the middleware that made them sends the header."""
    return cast(Timing, connection.scope["omnimind.timing"])


SettingsDep = Annotated[Settings, Depends(_settings)]
PoolsDep = Annotated[Pools, Depends(_pools)]
TimingDep = Annotated[Timing, Depends(_timing)]

_cookie = APIKeyCookie(name=COOKIE, scheme_name="session", description="What POST /auth/login sets.", auto_error=False)
_bearer = HTTPBearer(scheme_name="token", description="An API token: omt_…", auto_error=False)


def _at_least(role: Role) -> Callable[..., Awaitable[Principal]]:
    async def check(
        connection: HTTPConnection,
        settings: SettingsDep,
        pools: PoolsDep,
        _one: Annotated[str | None, Security(_cookie)] = None,
        _other: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    ) -> Principal:
        principal = await counted(connection, settings, pools)
        if not principal.role.covers(role):
            raise ApiProblem(403, "not allowed", f"this needs the role {role}; {principal.name} is {principal.role}", fix=f"ask an admin for the role {role}")
        return principal

    return check


async def counted(connection: HTTPConnection, settings: Settings, pools: Pools) -> Principal:
    """Return who calls, and count the request: by who they proved to be, by address while they have proved nothing."""
    limits: Limits = connection.app.state.limits
    timing = _timing(connection)
    bucket = f"address:{address_of(connection)}"
    try:
        with timing.stage("auth"):
            principal = await caller(connection, settings, pools)
        bucket = f"user:{principal.id}" if principal.id else bucket
        return principal
    finally:
        with timing.stage("redis"):
            headers = await limits.spend(bucket, settings.requests_per_minute)
        connection.scope["omnimind.headers"].update(headers)


Reader = Annotated[Principal, Depends(_at_least(Role.READER))]
Writer = Annotated[Principal, Depends(_at_least(Role.WRITER))]
Admin = Annotated[Principal, Depends(_at_least(Role.ADMIN))]
