"""What every route may ask for in its signature: settings, clients, timing. Who may call it: accounts/access.py."""

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
    """Return this request's stages; the middleware that made them sends the header."""
    return cast(Timing, connection.scope["omnimind.timing"])


SettingsDep = Annotated[Settings, Depends(_settings)]
PoolsDep = Annotated[Pools, Depends(_pools)]
TimingDep = Annotated[Timing, Depends(timing_of)]
