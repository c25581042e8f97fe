"""Dependencies for every route: settings, clients and timing. For access control see accounts/access.py."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from backend.clients.pools import Pools
from backend.http.timing import Timing
from backend.settings import Settings


def _settings(connection: HTTPConnection) -> Settings:
    return cast(Settings, connection.app.state.settings)


def _pools(connection: HTTPConnection) -> Pools:
    return cast(Pools, connection.app.state.pools)


def timing_of(connection: HTTPConnection) -> Timing:
    """Return this request's stages. The middleware that created them sends the header."""
    return cast(Timing, connection.scope["omnimind.timing"])


SettingsDep = Annotated[Settings, Depends(_settings)]
PoolsDep = Annotated[Pools, Depends(_pools)]
TimingDep = Annotated[Timing, Depends(timing_of)]
