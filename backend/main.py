"""The application: middleware, routes, and the resources of a worker."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel

from backend.accounts.passwords import Passwords
from backend.accounts.routes import auth, tokens, users
from backend.deps import SettingsDep
from backend.documents import routes as documents
from backend.documents.sweeper import sweeping
from backend.embeddings import routes as embeddings
from backend.history.routes import bench, runs
from backend.http import openapi, problems
from backend.http.middleware.stack import middleware
from backend.monitoring.metrics import Metrics
from backend.monitoring.probes import ServiceProbes
from backend.monitoring.readiness import Readiness
from backend.monitoring.routes import health, metrics, system, telemetry
from backend.monitoring.sampler import Sampler
from backend.monitoring.telemetry import Telemetry
from backend.quantum import routes as quantum
from backend.search import routes as search
from backend.settings import Settings
from backend.uploads import routes as uploads
from omnimind_ops import __version__


class About(BaseModel):
    """Who answers."""

    service: str
    port: int
    worker: str
    pid: int


ROUTERS = (
    health.router,
    auth.router,
    users.router,
    tokens.router,
    embeddings.router,
    documents.router,
    search.router,
    uploads.router,
    quantum.router,
    system.router,
    telemetry.router,
    runs.router,
    bench.router,
    metrics.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application of one worker."""
    recorder = Metrics(settings)
    app = FastAPI(
        title="OmniMind",
        summary="Embeddings, search and circuits on your own machine.",
        version=__version__,
        docs_url=None,  # FastAPI's page loads its script from another site
        redoc_url=None,
        lifespan=_lifespan,
        middleware=middleware(settings, recorder),
    )
    app.state.settings = settings
    app.state.metrics = recorder
    problems.install(app)
    app.get("/", tags=["operation"])(about)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create and close the resources of a worker.

    Nothing here waits for a server. Clients are imported only here, because six workers start at once.
    """
    from backend.clients.pools import Pools
    from backend.http.rate_limits import Limits

    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        app.state.pools = pools = Pools(settings)
        stack.push_async_callback(pools.close)
        await pools.open()
        app.state.limits = Limits(pools.redis)
        app.state.passwords = passwords = Passwords()
        stack.callback(passwords.close)
        app.state.checks = checks = Readiness(ServiceProbes(settings, pools.postgres), settings.check_seconds)
        stack.push_async_callback(checks.close)
        app.state.sampler = sampler = Sampler(settings, checks)
        app.state.telemetry = source = Telemetry(sampler, settings.telemetry_seconds)
        stack.push_async_callback(source.close)
        app.state.metrics.watch(pools)
        await stack.enter_async_context(sweeping(app))
        gc.freeze()  # exclude the imported objects from later collections
        gc.enable()
        yield


async def about(settings: SettingsDep) -> About:
    """Tell which worker answers."""
    return About(service="omnimind-backend", port=settings.port, worker=settings.worker, pid=os.getpid())
