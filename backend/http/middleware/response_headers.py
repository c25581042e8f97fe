"""Headers of every response.

They identify the worker and the request, give the time of each stage, and forbid caching and framing.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, MutableMapping
from typing import Any, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.timing import HEADER, Timing
from backend.settings import Settings

EXPOSED = (
    *("Server-Timing", "X-Backend", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"),
    *("X-Cache", "X-Model", "X-Model-Digest", "X-Dimensions", "X-Device", "X-Precision", "X-Tokens", "X-Truncated"),
)
"""Headers that scripts of the page may read."""
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Defaults; a route may set its own."""
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
STARTS = ("http.response.start", "websocket.http.response.start", "websocket.accept")


class Meter(Protocol):
    """Counter of responses; implemented in monitoring/metrics.py."""

    def request(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Count one response."""

    def cache(self, header: str) -> None:
        """Count what an X-Cache header reports."""


class ResponseHeaders:
    """The outermost middleware: creates the request's Timing, id and extra headers, and adds them to the response."""

    def __init__(self, app: ASGIApp, settings: Settings, meter: Meter) -> None:
        self.app = app
        self.backend = f"{settings.port}/{settings.worker}"
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, and count it even if it fails."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        timing, began = Timing(), time.perf_counter()
        request_id = Headers(scope=scope).get("x-request-id", "")
        scope["omnimind.timing"], scope["omnimind.headers"] = timing, {}
        scope["omnimind.id"] = request_id if ID.fullmatch(request_id) else secrets.token_hex(8)
        status = 0

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] in STARTS:
                status = message.get("status", 101)
                headers = MutableHeaders(scope=message)
                for key, value in self._headers(scope, timing):
                    headers[key] = value
                for key, value in FIXED.items():
                    headers.setdefault(key, value)
                self.meter.cache(headers.get("x-cache", ""))
            await send(message)

        try:
            return await self.app(scope, receive, sender)
        finally:
            self.meter.request(scope, status, time.perf_counter() - began)

    def _headers(self, scope: Scope, timing: Timing) -> Iterable[tuple[str, str]]:
        yield "X-Backend", self.backend
        yield "X-Request-Id", scope["omnimind.id"]
        yield from scope["omnimind.headers"].items()
        if timing.stages:
            yield HEADER, timing.header()
