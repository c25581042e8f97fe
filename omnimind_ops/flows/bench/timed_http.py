"""One HTTP exchange with each of its parts timed.

Each uses its own connection, as a script would, so it can reach any worker of the port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omnimind_ops.bench.stages import Exchange, parse_server_timing
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
class Response:
    """Status, headers (names in lower case), body, and the timings."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange


def send(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Response:
    """Connect, send, wait, receive. Raise OSError when the connection fails; no HTTP status is a failure."""
    all_headers = {**headers, **(request.headers or {})}
    response = http.request_url(
        base, seconds, request.path, method=request.method, headers=all_headers, body=request.body, max_bytes=MOST
    )
    server_stages = parse_server_timing(response.headers.get("server-timing", ""))
    times = response.times
    return Response(
        response.status,
        response.headers,
        response.body,
        Exchange(times.wall, times.connect, times.send, times.receive, server_stages),
    )


def send_checked(base: str, request: Request, headers: Mapping[str, str], seconds: float = SECONDS) -> Response:
    """Send a request and return the answer; raise Problem with the answer's text unless its status is 2xx."""
    try:
        response = send(base, request, headers, seconds)
    except OSError as error:
        raise Problem(
            f"cannot measure {base}",
            f"{request.method} {request.path}: {error or type(error).__name__}",
            "check that it runs: omnimind status",
        ) from error
    if not 200 <= response.status < 300:
        response_text = response.body[:300].decode(errors="replace")
        fix = (
            "log in: set OMNIMIND_TOKEN to an API token (omnimind user token NAME)"
            if response.status in (401, 403)
            else "see its log: omnimind logs backend"
        )
        raise Problem(
            f"cannot measure {base}",
            f"{request.method} {request.path.partition('?')[0]}: HTTP {response.status} {response_text}",
            fix,
        )
    return response
