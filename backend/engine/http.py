"""ASGI in a few words: read a body that is bounded, send an answer, notice that the caller is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from backend.http.errors import MEDIA_TYPE, ApiProblem

T = TypeVar("T")
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    status: int = 200
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Gone(Exception):  # noqa: N818 nobody is there to be told
    """The caller hung up."""


def json(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None, media: str = "application/json"
) -> Answer:
    """Return a value as JSON."""
    return Answer(
        orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS), status, media, headers or {}
    )


def problem(error: ApiProblem, path: str) -> Answer:
    """Return a problem body (RFC 9457)."""
    return json(error.body(path), error.status, error.headers, MEDIA_TYPE)


class Bodies:
    """The bodies of all requests under way: together they take at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0

    @asynccontextmanager
    async def read(self, receive: Receive, most: int) -> AsyncIterator[bytes]:
        """Give the whole body for the block; 413 when it is larger than `most` bytes, 503 when there is no room, Gone when the caller hung up."""
        parts: list[bytes] = []
        size, more = 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                part, more = message.get("body", b""), message.get("more_body", False)
                if size + len(part) > most:
                    raise ApiProblem(
                        413,
                        "the request is too large",
                        f"its body has more than {most} bytes",
                        fix="send it in several requests",
                    )
                if self.held + len(part) > self.limit:
                    raise ApiProblem(
                        503,
                        "the engine is busy",
                        "the requests under way fill its memory",
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


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """Return what the work gives; cancel it and raise Gone when the caller hangs up before."""
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise Gone
        return doing.result()
    finally:
        for one in (doing, leaving):
            one.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send(send_: Send, answer: Answer) -> None:
    """Send it."""
    headers = {
        "content-type": answer.media,
        "content-length": str(len(answer.body)),
        **{key.lower(): value for key, value in answer.headers.items()},
    }
    pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send_({"type": "http.response.start", "status": answer.status, "headers": pairs, "trailers": False})
    await send_({"type": "http.response.body", "body": answer.body, "more_body": False})
