"""/ws/telemetry: what GET /system tells, once a second, over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from backend.accounts.access import Reader
from backend.accounts.authentication import authenticate
from backend.clients.pools import Pools
from backend.deps import PoolsDep, SettingsDep
from backend.http import faults
from backend.http.errors import ApiProblem
from backend.monitoring.metrics import Metrics
from backend.monitoring.telemetry import Inbox, Telemetry
from backend.settings import Settings

router = APIRouter()
AGAIN_TICKS = 15
"""After so many it is checked that the session or token is still valid."""
SEND_SECONDS = 5.0
"""That one tick may take to be sent: after that nobody reads it."""
GONE, POLICY, TOO_SLOW = 0, 1008, 1013
"""How a socket ends: by itself, or with one of WebSocket's close codes."""


@router.websocket("/ws/telemetry")
async def telemetry(socket: WebSocket, _: Reader, settings: SettingsDep, pools: PoolsDep) -> None:
    """Send ticks until the listener goes, does not read, or may not listen any more. What it sends is ignored."""
    source: Telemetry = socket.app.state.telemetry
    metrics: Metrics = socket.app.state.metrics
    await socket.accept()
    with metrics.sockets.track_inprogress():
        async with source.listen() as inbox:
            code = await _first(_send(socket, inbox), _hear(socket), _watch(socket, settings, pools))
        if code != GONE:
            with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(1):
                    await socket.close(code)


async def _first(*jobs: Coroutine[Any, Any, int]) -> int:
    """Return what the first to end returned; the others are ended."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: WebSocket, inbox: Inbox) -> int:
    try:
        while (text := await inbox.get()) is not None:
            async with asyncio.timeout(SEND_SECONDS):
                await socket.send_text(text)
    except TimeoutError:
        return TOO_SLOW
    except (WebSocketDisconnect, RuntimeError):
        return GONE
    return TOO_SLOW


async def _hear(socket: WebSocket) -> int:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    return GONE


async def _watch(socket: WebSocket, settings: Settings, pools: Pools) -> int:
    """End when the session or token does. While a store does not answer, nobody is thrown out: it is then that one looks."""
    while True:
        await asyncio.sleep(AGAIN_TICKS * settings.telemetry_seconds)
        try:
            await authenticate(socket, settings, pools)
        except ApiProblem:
            return POLICY
        except Exception as error:
            if not faults.translate(error):
                raise
