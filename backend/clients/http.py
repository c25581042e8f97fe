"""HTTP client of one local server: keep-alive connections, time limits, and retries while the server restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.http.errors import unavailable
from omnimind_ops.tools import listening

if TYPE_CHECKING:  # importing takes 0.2 s; six workers start at once, and none needs it before its first request
    import httpx

CONNECTIONS = 64
CONNECT_SECONDS = 2.0
IDLE_SECONDS = 4.0
"""Servers close idle connections after 5 s. Closing them earlier avoids requests on a closed connection."""


@dataclass(frozen=True)
class Response:
    """A server's response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Client of one server. Creating it opens no connection; connections open with the first requests.

    With `users`, a server on this host must be one of theirs, before it gets a request: its headers hold a secret.
    """

    def __init__(
        self,
        service: str,
        base: str,
        *,
        socket: str | None = None,
        headers: Mapping[str, str] | None = None,
        users: Sequence[str] | None = None,
    ) -> None:
        self.service = service
        self._base = base
        self._socket = socket
        self._headers = dict(headers or {})
        self._users = users
        self._opened: httpx.AsyncClient | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float,
        patience: float,
    ) -> Response:
        """Return the response, whatever its status.

        Use it only for requests that are safe to repeat: a refused or broken connection is retried for `patience`
        seconds. A response may take up to `seconds`. Both limits raise a 503 problem that names the service.
        """
        import httpx

        end, pause = time.monotonic() + patience, 0.01
        limits = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        while True:
            try:
                response = await self._client().request(
                    method, path, content=content, headers=headers, timeout=limits, extensions=self._extensions()
                )
            except httpx.TimeoutException as error:
                raise unavailable(
                    self.service,
                    f"no answer within {CONNECT_SECONDS if isinstance(error, httpx.ConnectTimeout) else seconds:g} s",
                ) from error
            except httpx.TransportError as error:
                if time.monotonic() + pause > end:
                    raise unavailable(
                        self.service, f"the connection failed: {str(error) or type(error).__name__}"
                    ) from error
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
            else:
                return Response(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Close the connections."""
        if self._opened:
            await self._opened.aclose()
            self._opened = None

    def _extensions(self) -> dict[str, Any]:
        """Return what makes httpx look at the server between connecting and sending."""
        return {} if self._users is None else {"trace": self._check_server}

    async def _check_server(self, event: str, info: Mapping[str, Any]) -> None:
        import httpx

        if event != "connection.connect_tcp.complete":
            return
        url = httpx.URL(self._base)
        try:
            listening.require_trusted(url.host, url.port or 80, self._users or ())
        except ConnectionError as error:
            await info["return_value"].aclose()
            raise httpx.ConnectError(str(error)) from error

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if not self._opened:
            limits = httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS
            )
            # Load no certificates for a server on this machine, and ignore proxies from the environment.
            transport = httpx.AsyncHTTPTransport(
                uds=self._socket, limits=limits, verify=self._base.startswith("https"), trust_env=False
            )
            self._opened = httpx.AsyncClient(
                base_url=self._base, transport=transport, headers=self._headers, trust_env=False
            )
        return self._opened
