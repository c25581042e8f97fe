"""Limits on the size and duration of request bodies, whatever their headers claim."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.refusal import refuse
from backend.http.multipart import FORM_OVERHEAD
from backend.settings import Settings

UPLOADS_PATH = "/uploads"
SMALL_PATHS = ("/auth", "/users", "/tokens")
"""Their bodies are parsed before the caller is known: a login is not known yet, by its nature."""
SMALL_BYTES = 64 * 1024


class BodyLimit:
    """Refuses bodies that are too large (413), by Content-Length or by count, or too slow (408).

    Uploads may have `upload_bytes`, and their time limit applies to each piece: a large file on a slow line is allowed.
    SMALL_PATHS, and callers who bring neither a session nor a token where one is needed, may send SMALL_BYTES.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it as soon as its body is too large or too slow."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_upload = scope["path"].startswith(UPLOADS_PATH)
        headers = Headers(scope=scope)
        limit = self._limit(scope["path"], headers)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            return await refuse(scope, send, _too_large(limit))
        body = _Body(receive, send, limit, self.settings.body_seconds, per_piece=is_upload)
        with contextlib.suppress(BodyRefused):  # a response that the route sent anyway has been muted
            await self.app(scope, body.receive, body.send)
        if body.problem and not body.is_response_started:
            await refuse(scope, send, body.problem)
        return None

    def _limit(self, path: str, headers: Headers) -> int:
        is_anonymous = "authorization" not in headers and "cookie" not in headers and not self.settings.open_reads
        if is_anonymous or path.startswith(SMALL_PATHS):
            return min(SMALL_BYTES, self.settings.body_bytes)
        return self.settings.upload_bytes + FORM_OVERHEAD if path.startswith(UPLOADS_PATH) else self.settings.body_bytes


class BodyRefused(Exception):  # noqa: N818 a refusal, not an internal error
    """The body was refused; its reader can stop."""


class _Body:
    """One request's incoming body and outgoing response."""

    def __init__(self, receive: Receive, send: Send, limit: int, seconds: float, *, per_piece: bool) -> None:
        self._receive, self._send = receive, send
        self._limit, self._seconds, self._per_piece = limit, seconds, per_piece
        self._end = time.monotonic() + seconds
        self._count = 0
        self._is_complete = False
        self.is_response_started = False
        self.problem: ApiProblem | None = None

    async def receive(self) -> Message:
        """Return the next piece. Raises BodyRefused once there is a problem."""
        if self._is_complete:
            return await self._receive()  # the next message is the disconnect, which has no time limit
        try:
            async with asyncio.timeout(self._seconds if self._per_piece else max(0.0, self._end - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            self.problem = ApiProblem(
                408,
                "body too slow",
                f"the body did not arrive within {self._seconds:g} s",
                headers={"Connection": "close"},
            )
            raise BodyRefused from None
        self._count += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._count > self._limit:
            self.problem = _too_large(self._limit)
            raise BodyRefused
        return message

    async def send(self, message: Message) -> None:
        """Pass the response on, unless the body was refused before the response began."""
        if self.problem and not self.is_response_started:
            return
        self.is_response_started = True
        await self._send(message)


def _too_large(limit: int) -> ApiProblem:
    return ApiProblem(
        413,
        "body too large",
        f"the limit is {limit} bytes",
        more={"limit_bytes": limit},
        headers={"Connection": "close"},
    )
