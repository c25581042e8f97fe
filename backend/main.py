"""The application: routes, and who may talk to it."""

from __future__ import annotations

import os

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from backend.deps import SettingsDep
from backend.routes import health
from backend.settings import Settings

HOSTS = ("localhost", "127.0.0.1")
"""The only names a browser may have used: a page elsewhere that points its own name at 127.0.0.1 gets 400."""


class About(BaseModel):
    """Who answers."""

    service: str
    port: int
    worker: str
    pid: int


def create_app(settings: Settings) -> FastAPI:
    """Return the application of one worker."""
    app = FastAPI(title="OmniMind", docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.include_router(health.router)
    app.get("/")(about)
    origins = [f"http://{host}:{settings.frontend_port}" for host in HOSTS]
    app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET"])
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))
    return app


async def about(settings: SettingsDep) -> About:
    """Tell which worker answers."""
    return About(service="omnimind-backend", port=settings.port, worker=settings.worker, pid=os.getpid())
