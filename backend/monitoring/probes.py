"""Probes of the deep check, one per service.

A probe returns "up" or "degraded" with a reason; it raises if the service is down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from backend.migrations import HEAD
from backend.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from backend.clients.http import HttpClient
    from backend.clients.postgres import Connection

NAME = "omnimind-health"


class Questions:
    """One connection to each service, opened on the first probe and again after it is lost."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine_said: dict[str, Any] = {}
        self._postgres: Connection | None = None
        self._redis: Redis | None = None
        self._links: dict[str, HttpClient] = {}

    async def postgres(self) -> tuple[str, str]:
        """Read the schema's revision: a database without the tables is not usable."""
        import psycopg

        try:
            revision = await self._revision()
        except psycopg.OperationalError:
            if not self._postgres:
                raise
            self._postgres = None  # the server has been restarted since
            revision = await self._revision()
        except psycopg.errors.UndefinedTable:
            revision = ""
        if revision < HEAD:
            raise LookupError(
                f"the tables are {'of revision ' + revision if revision else 'missing'}: python -m backend.migrations brings them to {HEAD}"
            )
        return "up", ""

    async def _revision(self) -> str:
        from backend.clients.postgres import Connection

        if not self._postgres:
            wait = max(2, round(self.settings.check_seconds))
            self._postgres = await Connection.connect(
                self.settings.postgres, autocommit=True, connect_timeout=wait, application_name=NAME
            )
        row = await (await self._postgres.execute("SELECT max(version_num) FROM alembic_version")).fetchone()
        return str(row[0] or "") if row else ""

    async def redis(self) -> tuple[str, str]:
        """Log in and ping."""
        from backend.clients.pools import redis_client

        self._redis = self._redis or redis_client(self.settings.redis, NAME, max_connections=1)
        await self._redis.ping()
        return "up", ""

    async def qdrant(self) -> tuple[str, str]:
        """List the collections with the API key; /readyz would answer without one."""
        key = self.settings.qdrant_key
        said = await self._link("qdrant", self.settings.qdrant, headers={"api-key": key} if key else {}).request(
            "GET", "/collections", seconds=self.settings.check_seconds, patience=0
        )
        if said.status != 200:
            raise ConnectionError(f"answered {said.status}")
        return "up", ""

    async def engine(self) -> tuple[str, str]:
        """Ask for the engine's device. An expected GPU that is not used counts as degraded."""
        import orjson

        said = await self._link("engine", "http://engine", socket=self.settings.engine).request(
            "GET", "/health", seconds=self.settings.check_seconds, patience=0
        )
        self.engine_said = told = orjson.loads(said.body)
        state, reason = told.get("state", "ready"), str(told.get("reason", ""))
        if said.status != 200:
            raise ConnectionError(f"{state}: {reason}" if reason else str(state))
        if state == "degraded":
            return "degraded", reason or "gpu expected but running on cpu"
        return "up", f"{told.get('device', '')}: {reason}" if reason else str(told.get("device", ""))

    async def close(self) -> None:
        """Close the connections, without waiting for a server that hangs."""
        if self._postgres:
            self._postgres.hang_up()
        closers: list[Callable[[], Awaitable[None]]] = [link.close for link in self._links.values()]
        closers += [self._postgres.close] if self._postgres else []
        closers += [self._redis.aclose] if self._redis else []
        for close in closers:
            with contextlib.suppress(Exception):
                await close()

    def _link(self, name: str, base: str, **more: Any) -> HttpClient:
        from backend.clients.http import HttpClient

        if name not in self._links:
            self._links[name] = HttpClient(name, base, **more)
        return self._links[name]
