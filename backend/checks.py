"""Ask each service a real question. Spoken by hand over plain sockets: a client library costs more to import than the whole backend."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from backend.settings import Settings

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(BaseModel):
    """How one service is: `state` is up or down, `detail` says why it is down or, for the engine, on which device it works."""

    state: str
    latency_ms: float
    detail: str = ""


async def ask(settings: Settings) -> dict[str, Answer]:
    """Ask all four at once; each has the settings' seconds."""
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {"postgres": postgres, "redis": redis, "qdrant": qdrant, "engine": engine}
    answers = await asyncio.gather(*(_timed(check, settings) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _timed(check: Callable[[Settings], Awaitable[str]], settings: Settings) -> Answer:
    start = time.perf_counter()
    try:
        state, detail = "up", await asyncio.wait_for(check(settings), settings.seconds)
    except TimeoutError:
        state, detail = "down", f"no answer within {settings.seconds:g} s"
    except Exception as error:  # whatever a service does wrong is its state, not an error of ours
        state, detail = "down", str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Answer(state=state, latency_ms=round((time.perf_counter() - start) * 1000, 2), detail=detail)


async def postgres(settings: Settings) -> str:
    """Run a query."""
    psycopg = await asyncio.to_thread(__import__, "psycopg")  # 0.2 s the first time: not on the loop, not at the start
    link = await psycopg.AsyncConnection.connect(settings.postgres, connect_timeout=max(2, round(settings.seconds)))
    async with link:
        await link.execute("SELECT 1")
    return ""


async def redis(settings: Settings) -> str:
    """Log in and ping."""
    url = urlsplit(settings.redis)
    words = [["PING"]]
    if url.password:
        words.insert(0, ["AUTH", *([url.username] if url.username else []), unquote(url.password)])
    reader, writer = await asyncio.open_connection(url.hostname, url.port or 6379)
    try:
        writer.write(b"".join(_resp(one) for one in words))
        for _ in words:
            said = (await reader.readline()).decode(errors="replace").strip()
            if not said.startswith("+"):
                raise ConnectionError(said.removeprefix("-") or "closed the connection")
    finally:
        writer.close()
    return ""


async def qdrant(settings: Settings) -> str:
    """List the collections with our key: /readyz would answer without one."""
    url = urlsplit(settings.qdrant)
    streams = await asyncio.open_connection(url.hostname, url.port or 6333)
    await _get(streams, "/collections", {"api-key": settings.qdrant_key} if settings.qdrant_key else {})
    return ""


async def engine(settings: Settings) -> str:
    """Ask on which device it works."""
    body = await _get(await asyncio.open_unix_connection(settings.engine), "/health", {})
    return body.decode(errors="replace")


async def _get(streams: Streams, path: str, headers: dict[str, str]) -> bytes:
    reader, writer = streams
    try:
        lines = [f"GET {path} HTTP/1.0", "Host: localhost", *(f"{key}: {value}" for key, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status = head.split(b"\r\n", 1)[0].decode(errors="replace").split(" ", 1)[-1]
    if not status.startswith("200"):
        raise ConnectionError(f"answered {status or 'nothing'}")
    return body


def _resp(words: list[str]) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)
