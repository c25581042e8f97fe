"""One HTTP exchange with each of its parts timed.

Each uses its own connection, as a script would, so it can reach any worker of the port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omnimind_ops.bench.stages import Exchange, told
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import http

SECONDS = 600.0
"""Maximum time of one answer: 1000 long texts on a slow machine."""
MOST = 1 << 30
"""Maximum size of one answer in bytes."""


@dataclass(frozen=True)
class Request:
    """An HTTP request. `body` is JSON in bytes, None for no body."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case), body, and the timings."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange


def ask(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Connect, send, wait, receive. Raise OSError when the connection fails; no HTTP status is a failure."""
    words = {**headers, **(request.headers or {})}
    said = http.request_url(
        base, seconds, request.path, method=request.method, headers=words, body=request.body, max_bytes=MOST
    )
    stages = told(said.headers.get("server-timing", ""))
    times = said.times
    return Answer(
        said.status, said.headers, said.body, Exchange(times.wall, times.connect, times.send, times.receive, stages)
    )


def good(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Send a request and return the answer; raise Problem with the answer's text unless its status is 2xx."""
    try:
        answer = ask(base, request, headers, seconds)
    except OSError as error:
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
