"""Deep and shallow probes of PostgreSQL, Redis and Qdrant.

Deep probes write one small test value and read it back.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from omnimind_ops.health.wire import postgres as pg
from omnimind_ops.health.wire import resp
from omnimind_ops.model.health import Outcome
from omnimind_ops.tools import http, listening

TABLE = "omnimind_health"
COLLECTION = "omnimind_health"
KEY = "omnimind:health:probe"
KEY_SECONDS = 60
SLACK = 6_000_000_000
"""Nanoseconds. Several checks may run at once and overwrite each other's value, so the value read may come from another
check.
"""
_UNDEFINED_TABLE = "42P01"
_STARTING_UP = "57P03"
_FACTS = (
    "SELECT current_database(), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
    "current_setting('max_connections'), current_setting('transaction_read_only')"
)
_VECTOR = [1.0, 0.0, 0.0, 0.0]
_SCRATCH = {
    "vectors": {"size": 4, "distance": "Dot"},
    "shard_number": 1,
    "optimizers_config": {"default_segment_number": 1},
    "wal_config": {"wal_capacity_mb": 1},
}
"""The smallest possible collection: the defaults reserve 32 MB for its log alone."""


def postgres(dsn: str, seconds: float, *, deep: bool) -> Outcome:
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
    return _readable(bool(rows) and int(rows[0][0] or 0) >= int(now) - SLACK, detail)


def _readable(is_readable: bool, detail: str) -> Outcome:
    return Outcome(True, is_readable, detail, "" if is_readable else "cannot read back what was written")


def redis(url: str, seconds: float, *, deep: bool) -> Outcome:
    """Log in and ping. Deep: SET a probe key with a TTL of 60 s, and GET it."""
    server = urlsplit(url)
    value = str(time.time_ns())
    work = [("SET", KEY, value, "EX", str(KEY_SECONDS)), ("GET", KEY)] if deep else []
    address = (server.hostname or "127.0.0.1", server.port or 6379)
    try:
        commands = (*_login(server), *work, ("INFO", "persistence"))
        replies = resp.pipeline(address, seconds, *commands, users=listening.REDIS_USERS)
    except resp.RefusedError as error:
        kind = str(error).partition(" ")[0]
        is_ready, useful = kind in ("OOM", "MISCONF", "READONLY"), False if deep else None
        return Outcome(is_ready, useful, why=str(error), starting=kind == "LOADING", refuses=True)
    info = dict(entry.split(":", 1) for entry in str(replies[-1]).splitlines() if ":" in entry)
    detail = f"AOF {'on' if info.get('aof_enabled') == '1' else 'off'}"
    if info.get("rdb_last_bgsave_status", "ok") != "ok" or info.get("aof_last_write_status", "ok") != "ok":
        return Outcome(True, True if deep else None, detail, "its last save to disk failed", degraded=True)
    if not deep:
        return Outcome(True, detail=detail)
    return _readable(int(str(replies[-2] or 0)) >= int(value) - SLACK, detail)


def _login(server: SplitResult) -> list[tuple[str, ...]]:
    if not server.password:
        return []
    user = [unquote(server.username)] if server.username else []
    return [("AUTH", *user, unquote(server.password))]


def qdrant(url: str, key: str, collection: str, seconds: float, *, deep: bool) -> Outcome:
    """Read the facts of the searched collection. Deep: write a point to a tiny probe collection and find it again."""
    server = _Qdrant(url, key, time.monotonic() + seconds)
    answer = server.ask("GET", f"/collections/{quote(collection, safe='')}")
    if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        is_starting = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        return Outcome(False, why=answer.summary, starting=is_starting, refuses=True)
    info = _result(answer) if answer.status == HTTPStatus.OK else {}
    points = f"{info.get('points_count') or 0:,} points".replace(",", " ")
    detail = f"{collection}: {points if answer.status == HTTPStatus.OK else 'not created yet'}"
    if info.get("status") == "red":
        why = f"collection {collection} is red: {info.get('optimizer_status')}"
        return Outcome(True, False, detail, why, refuses=True)
    if not deep:
        return Outcome(True, detail=detail)
    why = server.write_and_find()
    return Outcome(True, not why, detail, why, refuses=bool(why))


def _result(answer: http.Response) -> Any:
    return (answer.json() or {}).get("result") or {}


class _Qdrant:
    """Requests to one server that share one deadline (monotonic)."""

    def __init__(self, url: str, key: str, end: float) -> None:
        server = urlsplit(url)
        self.address = (server.hostname or "127.0.0.1", server.port or 6333)
        self.headers = {"api-key": key} if key else {}
        self.end = end

    def ask(self, method: str, path: str, body: object = None) -> http.Response:
        seconds = max(self.end - time.monotonic(), 0.001)
        return http.request(
            self.address,
            seconds,
            path,
            method=method,
            headers=self.headers,
            body=body,
            users=listening.QDRANT_USERS,
        )

    def write_and_find(self) -> str:
        """Return "" when a query finds a point that was just written, otherwise why not."""
        now, points = time.time_ns(), f"/collections/{COLLECTION}/points"
        point = {"points": [{"id": 1, "vector": _VECTOR, "payload": {"at": now}}]}
        answer = self.ask("PUT", f"{points}?wait=true", point)
        if answer.status == HTTPStatus.NOT_FOUND:
            self.ask("PUT", f"/collections/{COLLECTION}", _SCRATCH)  # a concurrent check gets "already exists"
            answer = self.ask("PUT", f"{points}?wait=true", point)
        if answer.status != HTTPStatus.OK:
            return f"cannot write: {answer.summary}"
        answer = self.ask("POST", f"{points}/query", {"query": _VECTOR, "limit": 1, "with_payload": True})
        if answer.status == HTTPStatus.NOT_FOUND:  # Qdrant before 1.10
            answer = self.ask("POST", f"{points}/search", {"vector": _VECTOR, "limit": 1, "with_payload": True})
            hits = _result(answer)
        else:
            hits = _result(answer).get("points")
        written = int(((hits or [{}])[0].get("payload") or {}).get("at") or 0)
        is_readable = answer.status == HTTPStatus.OK and written >= now - SLACK
        return "" if is_readable else f"cannot find the point that was written: {answer.summary}"
