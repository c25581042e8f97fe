"""Client of the engine, over its unix socket: embeddings, circuits and health."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.clients.http import HttpClient, Response
from backend.http.errors import ApiProblem, unavailable
from backend.http.timing import Timing

RESTART_SECONDS = 10.0
"""How long a caller waits for an engine that is restarting."""
MODEL_CACHE_SECONDS = 5.0
"""How long the description of the model is cached."""


@dataclass(frozen=True)
class Model:
    """The loaded model. `digest` changes with weights, precision and pooling."""

    name: str
    digest: str
    dimensions: int
    max_tokens: int
    device: str
    precision: str


@dataclass(frozen=True)
class Embeddings:
    """Embeddings in request order: each row is `dimensions` float32, little-endian.

    `tokens` is the total after truncation, `truncated` the number of truncated texts. `counts` are the tokens of each
    text, negative if the text was truncated; empty if the engine does not report them.
    """

    rows: list[bytes]
    dimensions: int
    model: str
    digest: str
    device: str
    tokens: int
    truncated: int
    counts: list[int]


class Engine:
    """The engine of this machine. Calls wait while it restarts; its refusals are raised as its own problem."""

    def __init__(self, socket_path: str) -> None:
        self._http = HttpClient("engine", "http://engine", socket=socket_path)
        self._model: Model | None = None
        self._model_expires = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def embed(self, texts: Sequence[str], timing: Timing, *, truncate: bool = True) -> Embeddings:
        """Return one row for each text. Adds the engine's stages to `timing`."""
        import orjson

        began = time.perf_counter()
        body = orjson.dumps({"texts": texts, "truncate": truncate})
        # A text of 256 tokens takes 20 ms on two cores, and other requests may be ahead in the queue.
        response = await self._request("POST", "/embed", body, seconds=60 + len(texts) / 10)
        embeddings = _parse_embeddings(response, len(texts))
        _add_stages(timing, response.headers.get("server-timing", ""), (time.perf_counter() - began) * 1000)
        return embeddings

    async def model(self) -> Model:
        """Return the loaded model, at most 5 s old, or the last known one while the engine does not answer."""
        if self._model and time.monotonic() < self._model_expires:
            return self._model
        try:
            report = await self.health(patience=RESTART_SECONDS if not self._model else 0.0)
            self._model = Model(
                report["model"],
                report["model_digest"],
                int(report["dimensions"]),
                int(report["max_tokens"]),
                str(report["device"]),
                str(report["precision"]),
            )
        except (ApiProblem, KeyError, TypeError, ValueError) as error:
            if not self._model:
                raise (
                    error
                    if isinstance(error, ApiProblem)
                    else unavailable("engine", "it is still loading its model", seconds=2)
                ) from error
        self._model_expires = time.monotonic() + MODEL_CACHE_SECONDS
        return self._model

    def expire_model(self) -> None:
        """Expire the cached model: an answer came from another model."""
        self._model_expires = 0.0

    async def quantum(self, body: bytes, seconds: float) -> bytes:
        """Return the JSON result of a run. A circuit that is invalid or too large raises the engine's 422."""
        return (await self._request("POST", "/quantum", body, seconds=seconds)).body

    async def health(self, patience: float = 1.0) -> dict[str, Any]:
        """Return the engine's own health report, whatever its state."""
        import orjson

        response = await self._http.request("GET", "/health", seconds=5, patience=patience)
        report = orjson.loads(response.body)
        return report if isinstance(report, dict) else {}

    async def _request(self, method: str, path: str, content: bytes, *, seconds: float) -> Response:
        response = await self._http.request(
            method,
            path,
            content=content,
            headers={"content-type": "application/json"},
            seconds=seconds,
            patience=RESTART_SECONDS,
        )
        if response.status != 200:
            raise _problem(response)
        return response


def _parse_embeddings(response: Response, count: int) -> Embeddings:
    """Parse an embedding answer. Raises 503 if its size does not match the request."""
    headers = response.headers
    dimensions = int(headers["x-dimensions"])
    width = dimensions * 4
    if len(response.body) != count * width:
        raise unavailable(
            "engine", f"it returned {len(response.body)} bytes instead of {count} x {dimensions} float32 values"
        )
    rows = [response.body[at : at + width] for at in range(0, len(response.body), width)]
    tokens, truncated = int(headers.get("x-tokens", 0)), int(headers.get("x-truncated", 0))
    counts = _parse_counts(headers.get("x-token-counts", ""), count, tokens, truncated)
    return Embeddings(
        rows,
        dimensions,
        headers.get("x-model", ""),
        headers.get("x-model-digest", ""),
        headers.get("x-device", ""),
        tokens,
        truncated,
        counts,
    )


def _parse_counts(header: str, count: int, tokens: int, truncated: int) -> list[int]:
    """Parse "12,-256,7". For a single text, the totals are its counts."""
    counts = [int(word) for word in header.split(",")] if header else []
    if not counts and count == 1:
        counts = [-tokens if truncated else tokens]
    return counts if len(counts) == count else []


def _add_stages(timing: Timing, header: str, wall: float) -> None:
    """Add the engine's own stages, and the rest of the elapsed time as `engine`."""
    reported = 0.0
    for part in header.split(","):
        name, _, rest = part.strip().partition(";dur=")
        if name in ("tokenise", "queue", "inference") and rest:
            timing.add(name, float(rest))
            reported += float(rest)
    timing.add("engine", max(0.0, wall - reported))


def _problem(response: Response) -> ApiProblem:
    """Return the engine's problem, with its Retry-After."""
    import orjson

    try:
        body = orjson.loads(response.body)
    except ValueError:
        body = {}
    members: Mapping[str, object] = body if isinstance(body, dict) else {}
    retry = {"Retry-After": response.headers["retry-after"]} if "retry-after" in response.headers else {}
    if response.status == 503:
        retry = retry or {"Retry-After": "5"}
    more = {
        key: value
        for key, value in members.items()
        if key not in ("type", "title", "status", "detail", "fix", "instance")
    }
    title, detail, fix = (str(members.get(key, "")) for key in ("title", "detail", "fix"))
    status = response.status if response.status in (400, 413, 422, 429, 503, 504) else 503
    return ApiProblem(
        status,
        title or "the engine rejected the request",
        detail or f"it returned status {response.status}",
        fix=fix,
        headers=retry,
        more={**more, "service": "engine"},
    )
