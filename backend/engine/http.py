"""HTTP helpers on top of Starlette: a shared limit for bodies, client disconnects, responses and problems."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from backend.http.errors import MEDIA_TYPE, ApiProblem

T = TypeVar("T")
JSON = "application/json"


def respond(body: bytes, *, status: int = 200, media: str = JSON, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with header values in UTF-8.

    A model's name may be in any language, but Starlette encodes latin-1.
    """
    fields = {"content-type": media, "content-length": str(len(body)), **(headers or {})}
    return Response(body, status, {name: _utf8(value) for name, value in fields.items()})


def _utf8(value: str) -> str:
    return value if value.isascii() else value.encode().decode("latin-1")


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None, media: str = JSON) -> Response:
    """Return a value as JSON."""
    body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    return respond(body, status=status, media=media, headers=headers)


def problem(error: ApiProblem, path: str) -> Response:
    """Return a problem body (RFC 9457)."""
    return json(error.body(path), error.status, error.headers, MEDIA_TYPE)


class Bodies:
    """The bodies of all requests in progress, which together may use `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0

    @asynccontextmanager
    async def read(self, request: Request, limit: int) -> AsyncIterator[bytes]:
        """Yield the whole body for the block.

        Raises 413 if it is larger than `most` bytes, 503 if there is no room, ClientDisconnect if the client
        disconnects.
        """
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.stream():
                if size + len(part) > limit:
                    raise ApiProblem(
                        413,
                        "the request is too large",
                        f"its body has more than {limit} bytes",
                        fix="send it in several requests",
                    )
                if self.held + len(part) > self.limit:
                    raise ApiProblem(
                        503,
                        "the engine is busy",
                        "other requests fill its memory",
                        fix="try again in 1 s",
                        headers={"Retry-After": "1"},
                    )
                size, self.held = size + len(part), self.held + len(part)
                parts.append(part)
            body = b"".join(parts)
            parts.clear()
            yield body
        finally:
            self.held -= size


async def unless_disconnected(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`. If the client disconnects first, cancel it and raise ClientDisconnect."""
    running, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            raise ClientDisconnect
        return running.result()
    finally:
        for task in (running, leaving):
            task.cancel()
        await asyncio.gather(running, leaving, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
