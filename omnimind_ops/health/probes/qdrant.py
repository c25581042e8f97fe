"""Probe of Qdrant. Deep: write one point and find it."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from omnimind_ops.health.probes.readback import SLACK
from omnimind_ops.model.health import Outcome
from omnimind_ops.tools import http, listening

COLLECTION = "omnimind_health"
_VECTOR = [1.0, 0.0, 0.0, 0.0]
_SCRATCH = {
    "vectors": {"size": 4, "distance": "Dot"},
    "shard_number": 1,
    "optimizers_config": {"default_segment_number": 1},
    "wal_config": {"wal_capacity_mb": 1},
}
"""The smallest possible collection: the defaults reserve 32 MB for its log alone."""


def probe(url: str, key: str, collection: str, seconds: float, *, deep: bool) -> Outcome:
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
