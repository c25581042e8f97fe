"""What the engine answers: GET /health, which device it works on and why."""

from __future__ import annotations

import json
import os

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from backend.engine.device import Device


class Engine:
    """The application; `device` was settled at the start."""

    def __init__(self, device: Device) -> None:
        self.device = device

    async def __call__(self, scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        is_health = scope["path"] == "/health"
        words = {"device": self.device.name, "reason": self.device.reason, "pid": os.getpid()} if is_health else {"detail": "not found"}
        body = json.dumps(words).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if is_health else 404, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})
