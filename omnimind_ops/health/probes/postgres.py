"""Probe of PostgreSQL. Deep: write one row and read it back."""

from __future__ import annotations

import time

from omnimind_ops.health.probes.readback import SLACK, readable
from omnimind_ops.health.wire import postgres as pg
from omnimind_ops.model.health import Outcome

TABLE = "omnimind_health"
_UNDEFINED_TABLE = "42P01"
_STARTING_UP = "57P03"
_FACTS = (
    "SELECT current_database(), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
    "current_setting('max_connections'), current_setting('transaction_read_only')"
)


def probe(dsn: str, seconds: float, *, deep: bool) -> Outcome:
    """Log in and query. Deep: replace the single row of a probe table, commit, and read it back."""
    try:
        with pg.Session(pg.target(dsn), seconds) as session:
            database, used, most, read_only = session.query(_FACTS)[0]
            detail = f"db {database}, {used}/{most} connections"
            if not deep:
                return Outcome(True, detail=detail)
            if read_only == "on":
                return Outcome(True, False, detail, "it takes no writes: the server is read-only", refuses=True)
            try:
                return _write_and_read(session, detail)
            except pg.RefusedError as error:
                return Outcome(True, False, detail, f"cannot write: {error}", refuses=True)
    except pg.RefusedError as error:
        return Outcome(False, why=str(error), starting=error.code == _STARTING_UP, refuses=True)


def _write_and_read(session: pg.Session, detail: str) -> Outcome:
    now = str(time.time_ns())
    values = f"(id, at) VALUES (1, {now})"  # only digits
    replace = f"INSERT INTO {TABLE} {values} ON CONFLICT (id) DO UPDATE SET at = excluded.at"
    try:
        session.query(replace)
    except pg.RefusedError as error:
        if error.code != _UNDEFINED_TABLE:
            raise
        session.query(f"CREATE TABLE IF NOT EXISTS {TABLE} (id int PRIMARY KEY, at bigint NOT NULL)")
        session.query(replace)
    rows = session.query(f"SELECT at FROM {TABLE} WHERE id = 1")  # noqa: S608 a constant
    return readable(bool(rows) and int(rows[0][0] or 0) >= int(now) - SLACK, detail)
