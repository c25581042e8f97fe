"""HTTP bodies: requests read within a size limit, results and errors in Qdrant's envelope."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from .errors import ApiError

Handler = Callable[[Request], Awaitable[Any]]


def dumps(value: object) -> bytes:
    """Return compact JSON; 32-bit floats become the nearest 64-bit number."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def pretty(value: object) -> bytes:
    """Return indented JSON, for files that people may open."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def loads(data: bytes) -> Any:
    """Return the value of JSON text; ValueError when it is invalid."""
    return orjson.loads(data)


def reply(result: object, started: float, status: int = 200) -> Response:
    """Return a result in its envelope."""
    body = dumps({"result": result, "status": "ok", "time": time.perf_counter() - started})
    return Response(body, status, media_type="application/json")


def failure(error: ApiError) -> Response:
    """Return an error in its envelope."""
    return Response(dumps({"status": {"error": error.text}, "time": 0.0}), error.status, media_type="application/json")


def accepted() -> Response:
    """Return the response to a request with `wait=false`."""
    return Response(dumps({"status": "accepted", "time": 0.0}), 202, media_type="application/json")


def plain_failure(error: ApiError) -> Response:
    """Return an error without an envelope, for requests for files."""
    return PlainTextResponse(error.text, error.status)


def endpoint(
    handler: Handler, failed: Callable[[ApiError], Response] = failure
) -> Callable[[Request], Awaitable[Response]]:
    """Return a route whose handler returns a plain result; ApiErrors become error envelopes."""

    async def run(request: Request) -> Response:
        started = time.perf_counter()
        try:
            result = await handler(request)
        except ApiError as error:
            return failed(error)
        return result if isinstance(result, Response) else reply(result, started)

    run.__name__ = handler.__name__
    return run


async def raw_body(request: Request) -> bytes:
    """Return the request's body; ApiError 400 when it exceeds the limit."""
    limit = request.app.state.settings.max_request_size_mb << 20
    length = request.headers.get("content-length", "")
    size = f" ({length} bytes)" if length.isdigit() else ""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > limit:
            raise ApiError(400, f"JSON payload{size} is larger than allowed (limit: {limit} bytes).")
    return bytes(data)
