"""Probes of the deep check, one per service.

A probe returns "up" or "degraded" with a reason; it raises if the service is down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from backend.migrations import HEAD
from backend.settings import Settings
from omnimind_ops.model.environment import required_authentication
from omnimind_ops.tools import listening

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool
    from redis.asyncio import Redis

    from backend.clients.http import HttpClient
    from backend.clients.postgres import Connection

NAME = "omnimind-health"
POOL_SECONDS = 1.0
"""Time limit for the worker's own pool to give a connection after it had errors."""


class ServiceProbes:
    """One connection to each service, opened on the first probe and again after it is lost."""

    def __init__(self, settings: Settings, pool: AsyncConnectionPool[Any]) -> None:
        self.settings = settings
        self._pool = pool
        self._pool_errors = 0
        self.engine_health: dict[str, Any] = {}
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
            tables = f"the tables have revision {revision}" if revision else "the tables are missing"
            raise LookupError(f"{tables}: run python -m backend.migrations to bring them to {HEAD}")
        await self._try_pool()
        return "up", ""

    async def _try_pool(self) -> None:
        """Raise if the worker's own pool, which had errors since it last worked, cannot connect.

        The probe's own connection may be older than the reason: a changed password, no connections left. A pool whose
        connections are all in use is busy and works.
        """
        import psycopg_pool

        pool = self._pool
        errors = pool.get_stats().get("connections_errors", 0)
        if errors == self._pool_errors:
            return
        try:
            async with pool.connection(timeout=POOL_SECONDS):
                self._pool_errors = errors
        except psycopg_pool.PoolTimeout as error:
            if pool.get_stats()["pool_size"] < pool.max_size:
                raise ConnectionError("it answers, but this worker cannot open new connections") from error

    async def _revision(self) -> str:
        from backend.clients.postgres import Connection

        if not self._postgres:
            seconds = max(2, round(self.settings.check_seconds))
            dsn = self.settings.postgres_dsn
            options: dict[str, Any] = {
                "connect_timeout": seconds,
                "application_name": NAME,
                **required_authentication(dsn),
            }
            self._postgres = await Connection.connect(dsn, autocommit=True, **options)
        row = await (await self._postgres.execute("SELECT max(version_num) FROM alembic_version")).fetchone()
        return str(row[0] or "") if row else ""

    async def redis(self) -> tuple[str, str]:
        """Log in and ping."""
        from backend.clients.pools import redis_client

        self._redis = self._redis or redis_client(self.settings.redis_url, NAME, max_connections=1)
        await self._redis.ping()
        return "up", ""

    async def qdrant(self) -> tuple[str, str]:
        """List the collections with the API key; /readyz would answer without one."""
        key = self.settings.qdrant_api_key
        answer = await self._link(
            "qdrant", self.settings.qdrant_url, headers={"api-key": key} if key else {}, users=listening.QDRANT_USERS
        ).request("GET", "/collections", seconds=self.settings.check_seconds, patience=0)
        if answer.status != HTTPStatus.OK:
            raise ConnectionError(f"answered {answer.status}")
        return "up", ""

    async def engine(self) -> tuple[str, str]:
        """Ask for the engine's device. An expected GPU that is not used counts as degraded."""
        import orjson

        answer = await self._link("engine", "http://engine", socket=self.settings.engine).request(
            "GET", "/health", seconds=self.settings.check_seconds, patience=0
        )
        self.engine_health = health = orjson.loads(answer.body)
        state, reason = health.get("state", "ready"), str(health.get("reason", ""))
        if answer.status != HTTPStatus.OK:
            raise ConnectionError(f"{state}: {reason}" if reason else str(state))
        if state == "degraded":
            return "degraded", reason or "gpu expected but running on cpu"
        device = str(health.get("device", ""))
        return "up", f"{device}: {reason}" if reason else device

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

    def _link(self, name: str, base: str, **options: Any) -> HttpClient:
        from backend.clients.http import HttpClient

        if name not in self._links:
            self._links[name] = HttpClient(name, base, **options)
        return self._links[name]
