"""Background work for requests that do not wait."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from typing import Any

from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import ApiError
from omnimind_ops.embedded.qdrant.wire import accepted


async def waited(request: Request, given: Mapping[str, Any], work: Coroutine[Any, Any, object]) -> object:
    """Return the result of the work, or 202 at once when the request has `wait=false`."""
    if given.get("wait", True):
        return await work
    running: set[asyncio.Task[None]] = request.app.state.background
    task = asyncio.create_task(_logged(work))
    running.add(task)
    task.add_done_callback(running.discard)
    return accepted()


async def _logged(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except ApiError as error:
        print(f"a request that nobody waits for failed: {error.text}", file=sys.stderr, flush=True)
