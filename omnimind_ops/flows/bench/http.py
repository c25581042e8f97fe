"""One HTTP exchange with each of its parts timed, over a connection of its own: as a script's would be, and it meets any worker of the port."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from omnimind_ops.bench.stages import Exchange, told
from omnimind_ops.model.problem import Problem

SECONDS = 600.0
"""That one answer may take: 1000 long texts on a slow machine."""


@dataclass(frozen=True)
class Request:
    """What is asked. `body` is JSON in bytes, None for none."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case), body, and where the time went."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange


def ask(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Connect, send, wait, receive. Raises OSError or http.client.HTTPException when that fails, whatever its status is no failure."""
    url = urlsplit(base)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    link = kind(url.hostname or "127.0.0.1", url.port, timeout=seconds)
    words = {
        "connection": "close",
        **({"content-type": "application/json"} if request.body is not None else {}),
        **headers,
        **(request.headers or {}),
    }
    try:
        began = time.perf_counter()
        link.connect()
        connected = time.perf_counter()
        link.request(request.method, url.path.rstrip("/") + request.path, request.body, words)
        sent = time.perf_counter()
        answer = link.getresponse()
        heard = time.perf_counter()
        body = answer.read()
        ended = time.perf_counter()
    finally:
        link.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connect, send, receive, wall = (
        (end - start) * 1000 for start, end in ((began, connected), (connected, sent), (heard, ended), (began, ended))
    )
    return Answer(
        answer.status, found, body, Exchange(wall, connect, send, receive, told(found.get("server-timing", "")))
    )


def good(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Ask; anything but a 2xx is a Problem that says what was answered."""
    try:
        answer = ask(base, request, headers, seconds)
    except (OSError, http.client.HTTPException) as error:
        raise Problem(
            f"cannot measure {base}",
            f"{request.method} {request.path}: {error or type(error).__name__}",
            "does it run? omnimind status",
        ) from error
    if not 200 <= answer.status < 300:
        said = answer.body[:300].decode(errors="replace")
        fix = (
            "log in: set OMNIMIND_TOKEN to an API token (omnimind user token NAME)"
            if answer.status in (401, 403)
            else "see its log: omnimind logs backend"
        )
        raise Problem(
            f"cannot measure {base}",
            f"{request.method} {request.path.partition('?')[0]}: HTTP {answer.status} {said}",
            fix,
        )
    return answer
