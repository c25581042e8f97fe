"""The HTTP client of ops: one exchange over its own connection, TCP or unix socket, each of its parts timed.

It uses http.client because health checks and the guard import it: that takes milliseconds, httpx takes 0.1 s. Two
modules use other clients: flows/wheelhouse/download httpx, for redirects, logins and certificates; stores/qdrant
qdrant-client.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from omnimind_ops.tools.deadline import Address, connect

MAX_BYTES = 4 << 20
"""Maximum size of a response body in bytes, unless the caller expects more."""


class NotHttpError(ConnectionError):
    """The server does not speak HTTP, or stops in the middle."""


@dataclass(frozen=True)
class Times:
    """Milliseconds: to connect, to send, to receive the body, and the whole exchange (including the wait)."""

    connect: float
    send: float
    receive: float
    wall: float


@dataclass(frozen=True)
class Response:
    """Status, headers (names in lower case), body, and timings."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    times: Times

    def json(self) -> Any:
        """Return the body parsed as JSON, None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def summary(self) -> str:
        """Return the status and the start of the body, on one line."""
        return f"HTTP {self.status} {' '.join(self.body[:200].decode(errors='replace').split())}".strip()


def request(
    address: Address,
    seconds: float,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: object = None,
    max_bytes: int = MAX_BYTES,
    users: Sequence[str] | None = None,
) -> Response:
    """Send a request and return the response; `body` is sent as JSON, bytes unchanged.

    With `users`, a server on this host must be one of theirs (deadline.connect).
    OSError when there is no response, or one that is not HTTP.
    """
    is_unix = isinstance(address, str)
    connection = http.client.HTTPConnection(
        "localhost" if is_unix else address[0], None if is_unix else int(address[1])
    )
    began = time.perf_counter()
    with connect(address, seconds, users) as sock:
        connection.sock = sock
        return _exchange(connection, began, (method, path, body, headers or {}), max_bytes)


def request_url(
    base: str,
    seconds: float,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: object = None,
    max_bytes: int = MAX_BYTES,
) -> Response:
    """Send a request to a URL, with TLS for https (`seconds` then applies to each part of the exchange)."""
    url = urlsplit(base)
    host, path = url.hostname or "127.0.0.1", url.path.rstrip("/") + path
    if url.scheme != "https":
        return request(
            (host, url.port or 80), seconds, path, method=method, headers=headers, body=body, max_bytes=max_bytes
        )
    connection = http.client.HTTPSConnection(host, url.port, timeout=seconds)
    began = time.perf_counter()
    try:
        connection.connect()
        return _exchange(connection, began, (method, path, body, headers or {}), max_bytes)
    finally:
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection,
    began: float,
    request: tuple[str, str, object, Mapping[str, str]],
    max_bytes: int,
) -> Response:
    method, path, body, headers = request
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    sent_headers = {
        "Connection": "close",
        **({"Content-Type": "application/json"} if data is not None else {}),
        **headers,
    }
    try:
        connected = time.perf_counter()
        connection.request(method, path, data, sent_headers)
        sent = time.perf_counter()
        with connection.getresponse() as response:
            answered = time.perf_counter()
            content = response.read(max_bytes + 1)
            ended = time.perf_counter()
            if len(content) > max_bytes:
                raise ConnectionError(f"the response has more than {max_bytes >> 20} MiB")
            if response.length:  # read() with a limit does not report a truncated body
                raise http.client.IncompleteRead(content, response.length)
    except http.client.RemoteDisconnected:  # an OSError already
        raise
    except http.client.HTTPException as error:
        raise NotHttpError(f"not an HTTP response: {error or type(error).__name__}") from error
    parts = ((began, connected), (connected, sent), (answered, ended), (began, ended))
    times = Times(*((end - start) * 1000 for start, end in parts))
    return Response(response.status, {key.lower(): value for key, value in response.getheaders()}, content, times)
