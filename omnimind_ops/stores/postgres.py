"""PostgreSQL: what a database is and what it holds, so that a dump and its restore can be compared. psycopg is imported when needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString, cast

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem

if TYPE_CHECKING:
    from psycopg import Connection

Row = tuple[str | int | bool | None, ...]


@dataclass(frozen=True)
class PostgresEndpoint:
    """One database. `host` is a name, an address or the folder of a unix socket. The password never shows in a repr."""

    host: str = "127.0.0.1"
    port: int = 5432
    user: str = "omnimind"
    database: str = "omnimind"
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class DatabaseFacts:
    """A database as its server tells; `size` in bytes. Collations of an Alpine (musl) server sort otherwise: move such data by dump only."""

    version: str  # "18.1"
    major: int
    encoding: str  # "UTF8"; "SQL_ASCII" when the cluster was made without a locale
    collate: str
    owner: str
    size: int


TABLES: LiteralString = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.relispopulated AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
"""
SEQUENCES: LiteralString = TABLES.replace("('r', 'm')", "('S')")
# Settings that decide how a value looks as text; the same on both sides whatever the servers' defaults.
SESSION: LiteralString = """
SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = hex;
SET lc_monetary = 'C'; SET client_encoding = 'UTF8'; SET search_path = pg_catalog; SET xmloption = content
"""


def facts(endpoint: PostgresEndpoint) -> DatabaseFacts:
    """Ask a database what it is; read-only."""
    with _connected(endpoint) as connection:
        row = _row(
            connection,
            """SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000, pg_encoding_to_char(encoding),
            datcollate, pg_get_userbyid(datdba), pg_database_size(oid) FROM pg_database WHERE datname = current_database()""",
        )
    version, major, encoding, collate, owner, size = row
    return DatabaseFacts(str(version).split()[0], int(major or 0), str(encoding), str(collate), str(owner), int(size or 0))


def fingerprint(endpoint: PostgresEndpoint, tell: Tell | None = None, step: str = "") -> Fingerprint:
    """Return rows per table, a digest of each table's rows in any order, and where each sequence stands; one consistent snapshot.

    A digest is the sum over rows of the first 64 bits of the MD5 of the row as text, worked out by the server; it reads every row.
    Covers tables, partitions and materialised views of all schemas but the system's, and counts large objects.
    """
    from psycopg import sql

    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    with _connected(endpoint) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(SESSION)
        tables = _names(connection, TABLES)
        for done, (schema, table) in enumerate(tables, 1):
            query = sql.SQL(
                "SELECT count(*), coalesce(sum(('x' || left(md5(row_.*::text), 16))::bit(64)::bigint::numeric), 0)::text FROM ONLY {} AS row_"
            ).format(sql.Identifier(schema, table))
            rows, total = cast(tuple[int, str], connection.execute(query).fetchone())
            counts[f"rows of {schema}.{table}"] = rows
            digests[f"content of {schema}.{table}"] = f"{int(total) % (1 << 128):032x}"
            if tell:
                tell(progress(step, "reading PostgreSQL tables", done, len(tables), "tables"))
        for schema, name in _names(connection, SEQUENCES):
            last, called = cast(
                tuple[int, bool], connection.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, name))).fetchone()
            )
            digests[f"sequence {schema}.{name}"] = f"{last}{'' if called else ' not used yet'}"
        counts["large objects"] = int(_row(connection, "SELECT count(*) FROM pg_largeobject_metadata")[0] or 0)
    return Fingerprint("postgres", counts, digests)


def wait_ready(endpoint: PostgresEndpoint, timeout: float = 300) -> float:
    """Wait until the database answers a query; return the seconds waited. A refused login or an absent database is a Problem at once."""
    start = time.monotonic()
    while True:
        try:
            with _connected(endpoint) as connection:
                connection.execute("SELECT 1")
                return time.monotonic() - start
        except Problem as problem:
            if _final(problem):
                raise
            if time.monotonic() - start > timeout:
                raise Problem(
                    f"cannot use PostgreSQL at {endpoint}",
                    f"not ready after {timeout:g} s: {problem.why}",
                    "read its log (journalctl -u 'postgresql@*'), mend the cause and run the same command again",
                ) from problem
        time.sleep(0.1)


def _final(problem: Problem) -> bool:
    """Waiting does not cure a login that was answered and refused; what the server says while it starts or stops passes."""
    from psycopg import OperationalError

    answered = isinstance(problem.__cause__, OperationalError) and "FATAL:" in problem.why
    return answered and not any(passing in problem.why for passing in ("the database system is", "too many clients", "terminating connection"))


@contextmanager
def _connected(endpoint: PostgresEndpoint) -> Iterator[Connection[Row]]:
    import psycopg

    try:
        connection: Connection[Row] = psycopg.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            dbname=endpoint.database,
            password=endpoint.password or None,
            connect_timeout=10,
            application_name="omnimind",
        )
    except psycopg.Error as error:
        raise _problem(endpoint, error, "check that it runs and listens there, and the role's password, then run the same command again") from error
    with connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise _problem(endpoint, error, "mend what the server says, then run the same command again") from error


def _problem(endpoint: PostgresEndpoint, error: Exception, fix: str) -> Problem:
    lines = [text.strip() for text in str(error).splitlines() if text.strip()] or [type(error).__name__]
    return Problem(f"cannot talk to PostgreSQL at {endpoint}", lines[0], fix, log=tuple(lines))


def _names(connection: Connection[Row], query: LiteralString) -> list[tuple[str, str]]:
    return cast(list[tuple[str, str]], connection.execute(query).fetchall())


def _row(connection: Connection[Row], query: LiteralString) -> Row:
    row = connection.execute(query).fetchone()
    assert row is not None  # an aggregate and the current database always give one
    return row
