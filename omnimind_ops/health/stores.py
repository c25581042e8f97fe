"""Deep and shallow probes of PostgreSQL, Redis and Qdrant.

Deep probes write one small test value and read it back.
"""

from __future__ import annotations

import time
from urllib.parse import quote, unquote, urlsplit

from omnimind_ops.health.wire import postgres as pg
from omnimind_ops.health.wire import resp
from omnimind_ops.model.health import Outcome
from omnimind_ops.tools import http

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
    "SELECT current_database(), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('max_connections'), "
    "current_setting('transaction_read_only')"
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
                return Outcome(True, False, detail, "it takes no writes: the server is read only", refuses=True)
            try:
                return _wrote(session, detail)
            except pg.RefusedError as error:
                return Outcome(True, False, detail, f"cannot write: {error}", refuses=True)
    except pg.RefusedError as error:
        return Outcome(False, why=str(error), starting=error.code == _STARTING_UP, refuses=True)


def _wrote(session: pg.Session, detail: str) -> Outcome:
    now = str(time.time_ns())
    replace = f"INSERT INTO {TABLE} (id, at) VALUES (1, {now}) ON CONFLICT (id) DO UPDATE SET at = excluded.at"  # noqa: S608 only digits
    try:
        session.query(replace)
    except pg.RefusedError as error:
        if error.code != _UNDEFINED_TABLE:
            raise
        session.query(f"CREATE TABLE IF NOT EXISTS {TABLE} (id int PRIMARY KEY, at bigint NOT NULL)")
        session.query(replace)
    found = session.query(f"SELECT at FROM {TABLE} WHERE id = 1")  # noqa: S608 a constant
    is_there = bool(found) and int(found[0][0] or 0) >= int(now) - SLACK
    return Outcome(True, is_there, detail, "" if is_there else "what was written could not be read back")


def redis(url: str, seconds: float, *, deep: bool) -> Outcome:
    """Log in and ping. Deep: SET a probe key with a TTL of 60 s, and GET it."""
    place = urlsplit(url)
    login = (
        [("AUTH", *([unquote(place.username)] if place.username else []), unquote(place.password))]
        if place.password
        else []
    )
    value = str(time.time_ns())
    work = [("SET", KEY, value, "EX", str(KEY_SECONDS)), ("GET", KEY)] if deep else []
    try:
        said = resp.pipeline(
            (place.hostname or "127.0.0.1", place.port or 6379), seconds, *login, *work, ("INFO", "persistence")
        )
    except resp.RefusedError as error:
        kind = str(error).partition(" ")[0]
        return Outcome(
            kind in ("OOM", "MISCONF", "READONLY"),
            False if deep else None,
            why=str(error),
            starting=kind == "LOADING",
            refuses=True,
        )
    facts = dict(line.split(":", 1) for line in str(said[-1]).splitlines() if ":" in line)
    detail = f"AOF {'on' if facts.get('aof_enabled') == '1' else 'off'}"
    if facts.get("rdb_last_bgsave_status", "ok") != "ok" or facts.get("aof_last_write_status", "ok") != "ok":
        return Outcome(True, True if deep else None, detail, "its last save to the disk failed", degraded=True)
    is_there = not deep or int(str(said[-2] or 0)) >= int(value) - SLACK
    return Outcome(
        True, is_there if deep else None, detail, "" if is_there else "what was written could not be read back"
    )


def qdrant(url: str, key: str, collection: str, seconds: float, *, deep: bool) -> Outcome:
    """Read the facts of the searched collection. Deep: write a point to a tiny probe collection and find it again."""
    talk = _Qdrant(url, key, time.monotonic() + seconds)
    said = talk.ask("GET", f"/collections/{quote(collection, safe='')}")
    if said.status not in (200, 404):
        return Outcome(False, why=said.summary, starting=said.status == 503, refuses=True)
    facts = (said.json() or {}).get("result") or {} if said.status == 200 else {}
    points = f"{facts.get('points_count') or 0:,} points".replace(",", " ") if said.status == 200 else "not made yet"
    detail, ill = f"{collection}: {points}", facts.get("status") == "red"
    if ill:
        return Outcome(
            True, False, detail, f"collection {collection} is red: {facts.get('optimizer_status')}", refuses=True
        )
    if not deep:
        return Outcome(True, detail=detail)
    why = talk.write_and_find()
    return Outcome(True, not why, detail, why, refuses=bool(why))


class _Qdrant:
    """Requests to one server that share one deadline (monotonic)."""

    def __init__(self, url: str, key: str, end: float) -> None:
        place = urlsplit(url)
        self.address = (place.hostname or "127.0.0.1", place.port or 6333)
        self.headers = {"api-key": key} if key else {}
        self.end = end

    def ask(self, method: str, path: str, body: object = None) -> http.Response:
        return http.request(
            self.address, max(self.end - time.monotonic(), 0.001), path, method=method, headers=self.headers, body=body
        )

    def write_and_find(self) -> str:
        """Return "" when a query finds a point that was just written, otherwise why not."""
        now = time.time_ns()
        point = {"points": [{"id": 1, "vector": _VECTOR, "payload": {"at": now}}]}
        said = self.ask("PUT", f"/collections/{COLLECTION}/points?wait=true", point)
        if said.status == 404:
            self.ask("PUT", f"/collections/{COLLECTION}", _SCRATCH)  # a concurrent check gets "already exists"
            said = self.ask("PUT", f"/collections/{COLLECTION}/points?wait=true", point)
        if said.status != 200:
            return f"cannot write: {said.summary}"
        found = self.ask(
            "POST", f"/collections/{COLLECTION}/points/query", {"query": _VECTOR, "limit": 1, "with_payload": True}
        )
        if found.status == 404:  # before 1.10 there is only this one
            found = self.ask(
                "POST",
                f"/collections/{COLLECTION}/points/search",
                {"vector": _VECTOR, "limit": 1, "with_payload": True},
            )
        result = (found.json() or {}).get("result") or {}
        points = (result.get("points") if isinstance(result, dict) else result) or [{}]
        is_there = found.status == 200 and int((points[0].get("payload") or {}).get("at") or 0) >= now - SLACK
        return "" if is_there else f"what was written could not be found: {found.summary}"
