"""Concurrent callers of an OpenAI-compatible embeddings route; each sends its next request when it has its response."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
import orjson


@dataclass(frozen=True)
class Load:
    """Result of a run: total seconds, seconds of each request, and each request's rows as float32 bytes."""

    seconds: float
    requests: tuple[float, ...]
    rows: tuple[bytes, ...]


def run(
    urls: Sequence[str],
    requests: Sequence[Sequence[str]],
    callers: int,
    headers: Mapping[str, str] | None = None,
    model: str = "model",
) -> Load:
    """Send all requests from `callers` concurrent callers, spread over the URLs. Any status but 200 raises."""
    return asyncio.run(_run(urls, requests, callers, headers or {}, model))


async def _run(
    urls: Sequence[str], requests: Sequence[Sequence[str]], callers: int, headers: Mapping[str, str], model: str
) -> Load:
    waiting = list(enumerate(requests))[::-1]
    times, rows = [0.0] * len(requests), [b""] * len(requests)
    async with httpx.AsyncClient(
        timeout=600, headers=dict(headers), limits=httpx.Limits(max_connections=callers)
    ) as client:

        async def caller(url: str) -> None:
            while waiting:
                at, texts = waiting.pop()
                body = orjson.dumps({"model": model, "input": texts, "encoding_format": "base64"})
                began = time.perf_counter()
                response = await client.post(url, content=body, headers={"content-type": "application/json"})
                times[at] = time.perf_counter() - began
                response.raise_for_status()
                rows[at] = b"".join(
                    base64.b64decode(entry["embedding"]) for entry in orjson.loads(response.content)["data"]
                )

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(caller(urls[number % len(urls)]))
        return Load(time.perf_counter() - began, tuple(times), tuple(rows))
