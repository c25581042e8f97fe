"""Responses without a route: a problem, on HTTP and on a WebSocket that is not open yet."""

from __future__ import annotations

import orjson
from starlette.types import Scope, Send

from backend.http.errors import MEDIA_TYPE, ApiProblem


async def refuse(scope: Scope, send: Send, problem: ApiProblem) -> None:
    """Send the problem as the complete response."""
    kind = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": problem.title})
            return
        kind = "websocket.http"
    if scope["path"].startswith("/v1/"):  # OpenAI's clients read nothing else
        message = ": ".join(filter(None, (problem.title, problem.detail)))
        problem.more.setdefault(
            "error", {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        )
    body = orjson.dumps(problem.body(scope["path"]), default=str)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in problem.headers.items()]
    await send({"type": f"{kind}.response.start", "status": problem.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": b"" if scope.get("method") == "HEAD" else body})
