"""The engine's application: POST /embed and /quantum, GET /health, /info and /metrics.

The model is loaded before the first request is accepted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from backend.engine import embed, health, http, metrics, select_device
from backend.engine import settings as engine_settings
from backend.engine.batcher import Batcher
from backend.engine.device import Device
from backend.engine.quantum import Quantum
from backend.engine.settings import Settings
from backend.engine.tokeniser import Tokeniser
from backend.http.errors import MEDIA_TYPE, ApiProblem

PROVE_SECONDS = 60.0
QUANTUM_BYTES = 1024 * 1024
BODIES_BYTES = 96 * 1024 * 1024
"""Limit for the bodies of all concurrent requests together."""
log = logging.getLogger(__name__)


class Engine:
    """The application of the process that owns the device."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bodies = http.Bodies(BODIES_BYTES)
        routes = (
            _route("POST", "/embed", self._embed),
            _route("POST", "/quantum", self._quantum),
            _route("GET", "/health", self._health),
            _route("GET", "/info", self._info),
            _route("GET", "/metrics", self._metrics),
        )
        self.web = Starlette(routes=routes, exception_handlers={HTTPException: _refuse})
        self.web.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run one lifespan.

        Starlette's own lifespan would log a traceback if the model cannot be loaded.
        """
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self.web(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(self._load)
            await self.batcher.between(self.device.prove)
        except (
            Exception
        ) as error:  # a Problem, or any error of a library on a damaged model: it is logged and ends the start
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self.quantum = Quantum()
        prover = asyncio.create_task(self._prove_again())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        prover.cancel()
        await self.quantum.close()
        await asyncio.to_thread(self.batcher.close)
        await send({"type": "lifespan.shutdown.complete"})

    def _load(self) -> None:
        folder = engine_settings.find(self.settings.model)
        self.tokeniser = Tokeniser(folder)
        self.device: Device = select_device.select(self.settings, folder)
        self.batcher = Batcher(self.device.runner, self.settings.queue_tokens)

    async def _prove_again(self) -> None:
        while True:
            await asyncio.sleep(PROVE_SECONDS)
            await self.batcher.between(self.device.prove)
            if self.device.proof.ok:
                continue
            log.error("the device failed its proof: %s", self.device.proof.detail)
            # A CUDA error lasts as long as the process. The next process asks the gate again, and may choose the CPU.
            if self.device.name == "cuda":
                os.kill(os.getpid(), signal.SIGTERM)

    async def _embed(self, request: Request) -> Response:
        async with self.bodies.read(request, embed.BODY_BYTES) as body:
            return await http.unless_disconnected(request, embed.answer(body, self.tokeniser, self.batcher))

    async def _quantum(self, request: Request) -> Response:
        try:
            async with self.bodies.read(request, QUANTUM_BYTES) as body:
                parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ApiProblem(422, "the request is not valid", f"the body is not JSON: {error}") from error
        if not isinstance(parsed, dict):
            raise ApiProblem(422, "the request is not valid", "the body is not an object")
        status, answer = await http.unless_disconnected(request, self.quantum.run(parsed))
        retry = {"Retry-After": str(answer["retry_after_s"])} if "retry_after_s" in answer else {}
        return http.json(answer, status, retry, http.JSON if status == 200 else MEDIA_TYPE)

    async def _health(self, _: Request) -> Response:
        return http.json(await asyncio.to_thread(health.report, self.device, self.batcher, self.settings.options.mode))

    async def _info(self, _: Request) -> Response:
        return http.json(
            await asyncio.to_thread(
                health.info, self.device, self.batcher, self.settings.options.mode, self.quantum.info()
            )
        )

    async def _metrics(self, _: Request) -> Response:
        return http.respond(metrics.render(self.device, self.batcher), media="text/plain; version=1.0.0; charset=utf-8")


def _route(method: str, path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return a route for one method. Any exception of its handler becomes a problem body."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except ApiProblem as error:
            return http.problem(error, path)
        except ClientDisconnect:
            return Response()  # the client is gone
        except Exception:
            log.exception("cannot answer %s %s", method, path)
            failed = ApiProblem(500, "the engine failed", "its log says why", fix="journalctl -u omnimind-engine")
            return http.problem(failed, path)

    route = Route(path, endpoint)
    route.methods = {method}
    return route


async def _refuse(request: Request, error: Exception) -> Response:
    """Return the problem body of a 404 or 405."""
    assert isinstance(error, HTTPException)
    refused = ApiProblem(error.status_code, error.detail.lower(), headers=error.headers)
    return http.problem(refused, str(request.scope["path"]))
