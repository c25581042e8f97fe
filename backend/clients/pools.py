"""The clients of the stores and of the engine, one set for a worker: opened without waiting for any server, closed at
the end.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from backend.settings import Settings

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool
    import redis.asyncio as redis

    from backend.clients.engine import Engine
    from backend.clients.qdrant import Qdrant

    Postgres = psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection[Any]]

CONNECTIONS = 4
"""To PostgreSQL, at most, of one worker: six workers stay far below its 100."""
WAIT_SECONDS = 3.0
"""For a connection: to a free one of the pool, or to a server."""
SERVER_SECONDS = 10
"""That a statement may take before PostgreSQL itself ends it."""


class Pools:
    """What a worker talks to. Make it, `open` it, `close` it; none of the three waits for a server."""

    def __init__(self, settings: Settings) -> None:
        from backend.clients.engine import Engine
        from backend.clients.qdrant import Qdrant

        name = f"omnimind-{settings.port}/{settings.worker}"
        self.postgres: Postgres = postgres_pool(settings.postgres, name)
        self.redis: redis.Redis = redis_client(settings.redis, name)
        self.qdrant: Qdrant = Qdrant(settings.qdrant, settings.qdrant_key)
        self.engine: Engine = Engine(settings.engine)

    async def open(self) -> None:
        """Start the pool's own tasks; connections come when they are asked for."""
        await self.postgres.open(wait=False)

    async def close(self) -> None:
        """Close all of them; a server that hangs does not hold it up."""
        await self.postgres.close(timeout=1)
        for client in (self.redis.aclose, self.qdrant.close, self.engine.close):
            with contextlib.suppress(Exception):  # we are leaving: what a server says to that changes nothing
                await client()


def postgres_pool(dsn: str, name: str, *, most: int = CONNECTIONS) -> Postgres:
    """Return a pool, not open yet, of connections that commit each statement and never hang longer than the server's
    own time-out.
    """
    import psycopg_pool

    from backend.clients.postgres import Connection

    return psycopg_pool.AsyncConnectionPool(
        dsn,
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            "connect_timeout": round(WAIT_SECONDS),
            "application_name": name,
            "options": f"-c statement_timeout={SERVER_SECONDS}s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
        },
        min_size=0,
        max_size=most,
        timeout=WAIT_SECONDS,
        max_idle=300,
        reconnect_timeout=WAIT_SECONDS,
        check=psycopg_pool.AsyncConnectionPool.check_connection,  # one of a server that was restarted is replaced, not handed out
        open=False,
    )


def redis_client(url: str, name: str, *, most: int = 16) -> redis.Redis:
    """Return a client that answers in bytes and tries once more when its connection was of a server that has been
    restarted.
    """
    import redis.asyncio as redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ConstantBackoff
    from redis.exceptions import ConnectionError as Lost

    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=most,
        timeout=WAIT_SECONDS,
        socket_timeout=WAIT_SECONDS,
        socket_connect_timeout=WAIT_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,
        client_name=name,
        retry=Retry(ConstantBackoff(0.05), 1, supported_errors=(Lost,)),
    )
    return redis.Redis.from_pool(pool)
