"""The engine's application: POST /embed and /quantum, GET /health, /info and /metrics. The model is loaded before the first request is taken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import orjson

from backend.engine import about, choose, embed, http
from backend.engine import settings as told
from backend.engine.batcher import Batcher
from backend.engine.device import Device
from backend.engine.http import Answer, Gone, Receive, Send
from backend.engine.quantum import Quantum
from backend.engine.settings import Settings
from backend.engine.tokenise import Tokeniser
from backend.http.errors import ApiProblem

PROVE_SECONDS = 60.0
QUANTUM_BYTES = 1024 * 1024
BODIES_BYTES = 96 * 1024 * 1024
"""Of all requests together."""
log = logging.getLogger(__name__)
Route = Callable[[Receive], Awaitable[Answer]]


class Engine:
    """The application of the one process that owns the device."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bodies = http.Bodies(BODIES_BYTES)
        self.routes: dict[tuple[str, str], Route] = {
            ("POST", "/embed"): self._embed,
            ("POST", "/quantum"): self._quantum,
            ("GET", "/health"): self._health,
            ("GET", "/info"): self._info,
            ("GET", "/metrics"): self._metrics,
        }

    async def __call__(self, scope: Mapping[str, object], receive: Receive, send: Send) -> None:
        """Answer one request, or live through one lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(Gone):
                await http.send(send, await self._answer(str(scope["method"]), str(scope["path"]), receive))

    async def _answer(self, method: str, path: str, receive: Receive) -> Answer:
        route = self.routes.get((method, path))
        try:
            if route is None:
                allowed = ", ".join(known for known, other in self.routes if other == path)
                raise (
                    ApiProblem(405, "method not allowed", headers={"Allow": allowed})
                    if allowed
                    else ApiProblem(404, "not found")
                )
            return await route(receive)
        except ApiProblem as error:
            return http.problem(error, path)
        except Gone:
            raise
        except Exception:
            log.exception("cannot answer %s %s", method, path)
            return http.problem(
                ApiProblem(500, "the engine failed", "its log says why", fix="journalctl -u omnimind-engine"), path
            )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(self._load)
            await self.batcher.between(self.device.prove)
        except (
            Exception
        ) as error:  # a Problem, or whatever a damaged model makes a library do: it goes to the log and ends the start
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
        folder = told.find(self.settings.model)
        self.tokeniser = Tokeniser(folder)
        self.device: Device = choose.device(self.settings, folder)
        self.batcher = Batcher(self.device.runner, self.settings.queue_tokens)

    async def _prove_again(self) -> None:
        while True:
            await asyncio.sleep(PROVE_SECONDS)
            await self.batcher.between(self.device.prove)
            if self.device.proof.ok:
                continue
            log.error("the device failed its proof: %s", self.device.proof.detail)
            if (
                self.device.name == "cuda"
            ):  # an error of CUDA lasts as long as the process; the next one asks the gate again, and may choose the CPU
                os.kill(os.getpid(), signal.SIGTERM)

    async def _embed(self, receive: Receive) -> Answer:
        async with self.bodies.read(receive, embed.BODY_BYTES) as body:
            return await http.unless_gone(receive, embed.answer(body, self.tokeniser, self.batcher))

    async def _quantum(self, receive: Receive) -> Answer:
        try:
            async with self.bodies.read(receive, QUANTUM_BYTES) as body:
                found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ApiProblem(422, "the request is not valid", f"the body is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ApiProblem(422, "the request is not valid", "the body is not an object")
        status, said = await http.unless_gone(receive, self.quantum.run(found))
        retry = {"Retry-After": str(said["retry_after_s"])} if "retry_after_s" in said else {}
        return http.json(said, status, retry, "application/json" if status == 200 else "application/problem+json")

    async def _health(self, _: Receive) -> Answer:
        return http.json(await asyncio.to_thread(about.health, self.device, self.batcher, self.settings.options.mode))

    async def _info(self, _: Receive) -> Answer:
        return http.json(
            await asyncio.to_thread(
                about.info, self.device, self.batcher, self.settings.options.mode, self.quantum.info()
            )
        )

    async def _metrics(self, _: Receive) -> Answer:
        return Answer(about.metrics(self.device, self.batcher), media="text/plain; version=1.0.0; charset=utf-8")
