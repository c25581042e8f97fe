"""HTTP/1.1 as uvicorn speaks it, with limits on the head of a request, which uvicorn's parser does not have."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Of request line and headers together."""
HEADERS = 100
HEAD_SECONDS = 10.0
"""From a connection's first byte, or from its start, until all headers are here."""


class HeadTooLargeError(Exception):
    """The parser is left in the middle of a head."""


class Protocol(HttpToolsProtocol):
    """One connection. A head that is too large gets 431, one that does not arrive 408; both close the connection."""

    _timer: asyncio.TimerHandle | None = None  # runs while a head arrives
    _received = 0  # bytes since the head began; what httptools buffers of a single header counts, too
    _parsed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with the first head."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for a head."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a piece."""
        super().data_received(data)
        if self._timer and not self.transport.is_closing():
            self._received += len(data)
            if self._received > HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin with the next head."""
        super().on_message_begin()
        self._begin_head()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS:
            raise HeadTooLargeError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on with the body, which has limits of its own (middleware/body_limit.py)."""
        self._end_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not parse, or what was too large for it."""
        if self._parsed > HEAD_BYTES or len(self.headers or ()) >= HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def _begin_head(self) -> None:
        self._received = self._parsed = 0
        if not self._timer:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _end_head(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > HEAD_BYTES:
            raise HeadTooLargeError

    def _refuse(self, status: HTTPStatus) -> None:
        self._end_head()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode())
        self.transport.close()
