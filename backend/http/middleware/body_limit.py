"""Limits on the size and duration of request bodies, whatever their headers claim."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.refusal import refuse
from backend.settings import Settings

UPLOADS = "/uploads"
ENVELOPE = 1024 * 1024
"""Bytes that a multipart form may add to its file."""


class BodyLimit:
    """Refuses bodies that are too large (413), by Content-Length or by count, or too slow (408).

    Uploads may have `upload_bytes`, and their time limit applies to each piece: a large file on a slow line is allowed.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it as soon as its body is too large or too slow."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_upload = scope["path"].startswith(UPLOADS)
        most = self.settings.upload_bytes + ENVELOPE if is_upload else self.settings.body_bytes
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            return await refuse(scope, send, _too_large(most))
        body = _Body(receive, send, most, self.settings.body_seconds, per_piece=is_upload)
        with contextlib.suppress(Refused):  # a response that the route sent anyway has been muted
            await self.app(scope, body.receive, body.send)
        if body.problem and not body.is_answered:
            await refuse(scope, send, body.problem)
        return None


class Refused(Exception):  # noqa: N818 a refusal, not an internal error
    """The body was refused; its reader can stop."""


class _Body:
    """One request's incoming body and outgoing response."""

    def __init__(self, receive: Receive, send: Send, most: int, seconds: float, *, per_piece: bool) -> None:
        self._receive, self._send = receive, send
        self._most, self._seconds, self._per_piece = most, seconds, per_piece
        self._end = time.monotonic() + seconds
        self._count = 0
        self._is_whole = False
        self.is_answered = False
        self.problem: ApiProblem | None = None

    async def receive(self) -> Message:
        """Return the next piece. Raises Refused once there is a problem."""
        if self._is_whole:
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
            raise Refused from None
        self._count += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._count > self._most:
            self.problem = _too_large(self._most)
            raise Refused
        return message

    async def send(self, message: Message) -> None:
        """Pass the response on, unless the body was refused before the response began."""
        if self.problem and not self.is_answered:
            return
        self.is_answered = True
        await self._send(message)


def _too_large(most: int) -> ApiProblem:
    return ApiProblem(
        413,
        "body too large",
        f"at most {most} bytes are taken",
        more={"limit_bytes": most},
        headers={"Connection": "close"},
    )
