"""Run the application until a stop signal."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from . import version
from .app import application
from .settings import Settings
from .snapshots.shelf import Shelf
from .storage.directory import Storage

KEEP_ALIVE_SECONDS = 75
LAST_REQUESTS_SECONDS = 1
"""Time limit for requests in flight after a stop signal."""


class Server(uvicorn.Server):
    """Uvicorn that exits with code 0 on a signal. Plain Uvicorn kills itself again by the signal, which PID 1 cannot
    do.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT; stop at once on the second signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def serve(settings: Settings) -> int:
    """Open the storage, serve, close; return the exit code."""
    storage = Storage(settings.storage_path)
    shelf = Shelf(settings.snapshots_path)
    config = uvicorn.Config(
        application(settings, storage, shelf),
        host=settings.host,
        port=settings.http_port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    points = sum(collection.shards.info().points_count for collection in storage.collections.values())
    print(
        f"{version.banner()}: {len(storage.collections)} collections, {points} points, "
        f"on {settings.host}:{settings.http_port}",
        file=sys.stderr,
        flush=True,
    )
    server = Server(config)
    server.run()
    return 0 if server.started else 1
