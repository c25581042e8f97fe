"""Upgrades and downgrades, one at a time per database.

PostgreSQL's advisory lock is held meanwhile; it is released when the connection ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from omnimind_ops.model.environment import required_authentication

LOCK = 0x6F6D6E696D696E64  # "omnimind"
POLL_SECONDS = 0.2


class DatabaseUnavailable(Exception):  # noqa: N818 a later attempt may work
    """PostgreSQL or the lock was not available in time."""


def upgrade(dsn: str, seconds: float = 60, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the database to a revision. Return the old and the new revision, None for a database without tables."""
    return _change(dsn, seconds, lambda config: command.upgrade(config, revision))


def downgrade(dsn: str, seconds: float = 60, revision: str = "base") -> tuple[str | None, str | None]:
    """Downgrade the database to a revision. The tables it removes lose their data; use only by hand."""
    return _change(dsn, seconds, lambda config: command.downgrade(config, revision))


def configuration() -> Config:
    """Return alembic's configuration, which replaces an alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _change(dsn: str, seconds: float, act: Callable[[Config], None]) -> tuple[str | None, str | None]:
    end = time.monotonic() + seconds
    with _connect(dsn, end) as connection:
        _lock(connection, end)
        before = _revision(connection)
        config = configuration()
        config.attributes["connection"] = connection
        act(config)
        connection.commit()
        return before, _revision(connection)


@contextmanager
def _connect(dsn: str, end: float) -> Iterator[Connection]:
    url = make_url(dsn).set(drivername="postgresql+psycopg")
    options = {"connect_timeout": 5, "application_name": "omnimind-migrations", **required_authentication(dsn)}
    engine = create_engine(url, poolclass=NullPool, connect_args=options)
    while True:
        try:
            connection = engine.connect()
            break
        except OperationalError as error:
            if time.monotonic() >= end:
                raise DatabaseUnavailable(
                    f"PostgreSQL does not answer: {str(error.orig).strip().splitlines()[0]}"
                ) from error
            time.sleep(POLL_SECONDS)
    with connection:
        yield connection


def _lock(connection: Connection, end: float) -> None:
    """Take the lock, which belongs to the connection and not to a transaction.

    Polling cannot deadlock with the statements of the current holder.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
        connection.rollback()
        if time.monotonic() >= end:
            raise DatabaseUnavailable("another migration is still running")
        time.sleep(POLL_SECONDS)
    # A worker that holds a table must not block a migration for ever.
    connection.execute(text("SET lock_timeout = '30s'"))
    connection.commit()


def _revision(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return revision
