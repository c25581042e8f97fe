"""The web application: all routes, the API key check, and the background flush."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from .auth import WEB_UI, ApiKeys
from .errors import ApiError
from .routes import aliases, collections, indexes, names, points, queries, service, snapshots, unsupported
from .settings import Settings
from .snapshots.shelf import Shelf
from .storage.collection import Collection
from .storage.directory import Storage
from .wire import failure

_ANY_ORIGIN = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
THREADS = 8
"""More threads would only wait for the engine, which runs one call at a time."""


def application(settings: Settings, storage: Storage, shelf: Shelf) -> Starlette:
    """Return the app for an open storage; it closes the storage when it stops."""
    routes: list[BaseRoute] = [
        *service.ROUTES,
        *aliases.ROUTES,
        *collections.ROUTES,
        *indexes.ROUTES,
        *names.ROUTES,
        *snapshots.ROUTES,
        *queries.ROUTES,
        *points.ROUTES,
        *unsupported.ROUTES,
        *_dashboard(settings),
    ]
    app = Starlette(
        routes=routes,
        middleware=[_ANY_ORIGIN, Middleware(ApiKeys, settings=settings)],
        exception_handlers={404: _nothing_here, Exception: _broken},
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.background = set[asyncio.Task[None]]()
    app.state.settings, app.state.storage, app.state.shelf, app.state.layout = settings, storage, shelf, asyncio.Lock()
    return app


def _dashboard(settings: Settings) -> list[BaseRoute]:
    """Return the route of Qdrant's web UI, if its files exist."""
    if settings.static_content_dir is None or not settings.static_content_dir.is_dir():
        return []
    from starlette.staticfiles import StaticFiles

    return [Mount(WEB_UI, StaticFiles(directory=settings.static_content_dir, html=True))]


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    pool = ThreadPoolExecutor(THREADS, "work")
    asyncio.get_running_loop().set_default_executor(pool)
    flusher = asyncio.create_task(_flush(app.state.storage, app.state.settings.flush_interval_sec))
    try:
        yield
    finally:
        flusher.cancel()
        with suppress(asyncio.CancelledError):
            await flusher
        if app.state.background:
            await asyncio.wait(app.state.background)
        pool.shutdown(wait=True, cancel_futures=True)
        app.state.storage.close()


async def _flush(storage: Storage, interval: float) -> None:
    """Flush changed collections every `interval` seconds."""
    while True:
        await asyncio.sleep(interval)
        for collection in list(storage.collections.values()):
            if collection.dirty:
                await asyncio.to_thread(collection.sync)
                async with collection.writing:
                    if storage.collections.get(collection.name) is collection:
                        await asyncio.to_thread(_flush_one, collection)


def _flush_one(collection: Collection) -> None:
    try:
        collection.flush()
    except ApiError as error:
        print(f"cannot flush collection {collection.name}: {error.text}", file=sys.stderr, flush=True)


async def _nothing_here(_: Request, error: Exception) -> Response:
    return Response(status_code=getattr(error, "status_code", 404))


async def _broken(_: Request, error: Exception) -> Response:
    return failure(ApiError(500, f"Service internal error: {type(error).__name__}: {error}"))
