"""Clients of the stores and the engine, one set per worker.

They open without waiting for a server, and close when the worker stops.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from backend.settings import Settings
from omnimind_ops.model.environment import required_authentication
from omnimind_ops.tools import listening

if TYPE_CHECKING:
    import psycopg_pool
    import redis.asyncio as redis

    from backend.clients.engine import Engine
    from backend.clients.postgres import Connection
    from backend.clients.qdrant import Qdrant

    Postgres = psycopg_pool.AsyncConnectionPool[Connection]

CONNECTIONS = 4
"""Maximum PostgreSQL connections of one worker: six workers stay far below the server's limit of 100."""
WAIT_SECONDS = 3.0
"""Maximum wait for a free pool connection, or for a connection to a server."""
STATEMENT_SECONDS = 10
"""Maximum run time of a statement before PostgreSQL cancels it."""


class Pools:
    """The clients of one worker. Creating, opening and closing them never waits for a server."""

    def __init__(self, settings: Settings) -> None:
        from backend.clients.engine import Engine
        from backend.clients.qdrant import Qdrant

        name = f"omnimind-{settings.port}/{settings.worker}"
        self.postgres: Postgres = postgres_pool(settings.postgres_dsn, name)
        self.redis: redis.Redis = redis_client(settings.redis_url, name)
        self.qdrant: Qdrant = Qdrant(settings.qdrant_url, settings.qdrant_api_key)
        self.engine: Engine = Engine(settings.engine)

    async def open(self) -> None:
        """Start the pool's own tasks. Connections open on demand."""
        await self.postgres.open(wait=False)

    async def close(self) -> None:
        """Close all clients, without waiting for a server that hangs."""
        await self.postgres.close(timeout=1)
        for client in (self.redis.aclose, self.qdrant.close, self.engine.close):
            with contextlib.suppress(Exception):  # shutting down: errors on close do not matter
                await client()


def postgres_pool(dsn: str, name: str, *, max_connections: int = CONNECTIONS) -> Postgres:
    """Return a closed pool. Its connections commit each statement, and every wait has a time limit."""
    import psycopg_pool

    from backend.clients.postgres import Connection

    return psycopg_pool.AsyncConnectionPool(
        dsn,
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            **required_authentication(dsn),
            "connect_timeout": round(WAIT_SECONDS),
            "application_name": name,
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout=5s"
            " -c idle_in_transaction_session_timeout=30s",
        },
        min_size=0,
        max_size=max_connections,
        timeout=WAIT_SECONDS,
        max_idle=300,
        reconnect_timeout=WAIT_SECONDS,
        # Replace a connection that a server restart has broken, instead of handing it out.
        check=psycopg_pool.AsyncConnectionPool.check_connection,
        open=False,
    )


def redis_client(url: str, name: str, *, max_connections: int = 16) -> redis.Redis:
    """Return a client that returns bytes, and retries once if the server has been restarted."""
    import redis.asyncio as redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ConstantBackoff
    from redis.exceptions import ConnectionError as ConnectionLost

    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=WAIT_SECONDS,
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,
        client_name=name,
        redis_connect_func=_log_in,
        retry=Retry(ConstantBackoff(0.05), 1, supported_errors=(ConnectionLost,)),
    )
    return redis.Redis.from_pool(pool)


async def _log_in(connection: redis.Connection) -> None:
    """Log in to Redis, unless its port is held by somebody else, who would get the password."""
    from redis.exceptions import ConnectionError as ConnectionLost

    try:
        listening.require_trusted(connection.host, int(connection.port), listening.REDIS_USERS)
    except ConnectionError as error:
        raise ConnectionLost(str(error)) from error
    await connection.on_connect()
