"""Probe of Redis. Deep: set one key and get it."""

from __future__ import annotations

import time
from urllib.parse import SplitResult, unquote, urlsplit

from omnimind_ops.health.probes.readback import SLACK, readable
from omnimind_ops.health.wire import resp
from omnimind_ops.model.health import Outcome
from omnimind_ops.tools import listening

KEY = "omnimind:health:probe"
KEY_SECONDS = 60


def probe(url: str, seconds: float, *, deep: bool) -> Outcome:
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
    return readable(int(str(replies[-2] or 0)) >= int(value) - SLACK, detail)


def _login(server: SplitResult) -> list[tuple[str, ...]]:
    if not server.password:
        return []
    user = [unquote(server.username)] if server.username else []
    return [("AUTH", *user, unquote(server.password))]
