"""The middlewares in order."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from backend.http.middleware.body_limit import BodyLimit
from backend.http.middleware.exceptions import Exceptions
from backend.http.middleware.hosts import Hosts
from backend.http.middleware.origins import Origins, allowed
from backend.http.middleware.response_headers import EXPOSED, Meter, ResponseHeaders
from backend.settings import Settings


def middleware(settings: Settings, meter: Meter) -> list[Middleware]:
    """Return the middlewares, outermost first.

    Every response is identified, foreign requests are refused before their body is read, and no exception escapes.
    """
    origins = allowed(settings)
    return [
        Middleware(ResponseHeaders, settings=settings, meter=meter),
        Middleware(Hosts, names=settings.hosts),
        Middleware(Origins, origins=origins),
        Middleware(
            CORSMiddleware,
            allow_origin_regex=origins,
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "X-Request-Id"],
            expose_headers=list(EXPOSED),
        ),
        Middleware(BodyLimit, settings=settings),
        Middleware(Exceptions),
    ]
