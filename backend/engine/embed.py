"""POST /embed: texts in, float32 rows out. The headers describe the model, the tokens and the time of each stage."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import orjson
from starlette.responses import Response

from backend.engine.batcher import Batcher, QueueFull
from backend.engine.http import respond
from backend.engine.request import Request
from backend.engine.tokeniser import Tokeniser, Tokens
from backend.http.errors import ApiProblem

MAX_TEXTS = 4096
BODY_BYTES = 32 * 1024 * 1024
SMALL = 1000
"""Up to this many characters in total, texts are tokenised in place: it takes 0.1 ms, less than a thread switch."""
TOKENS_PER_ROW = 16
"""Extra tokens that each text counts in the queue, because its row has to be stored."""
LARGE = 256 * 1024
"""Bodies larger than this, in bytes, are parsed outside the event loop."""
CHARACTERS_PER_TOKEN = 3
"""Estimate for the reservation before tokenising. Low, so that it reserves too much rather than too little."""


@dataclass(frozen=True)
class EmbedRequest:
    """A parsed body of /embed."""

    texts: list[str]
    truncate: bool


async def answer(body: bytes, tokeniser: Tokeniser, batcher: Batcher) -> Response:
    """Return the rows. Raises ApiProblem 422 for a bad request, 413 for too many texts, 503 for a full queue."""
    began = time.perf_counter()
    parsed = await asyncio.to_thread(parse, body) if len(body) > LARGE else parse(body)
    characters, row_tokens = sum(map(len, parsed.texts)), len(parsed.texts) * TOKENS_PER_ROW
    room = min(characters // CHARACTERS_PER_TOKEN, len(parsed.texts) * tokeniser.max_tokens) + row_tokens
    _reserve(batcher, room)
    try:
        tokens = (
            _encode(tokeniser, parsed) if characters <= SMALL else await asyncio.to_thread(_encode, tokeniser, parsed)
        )
        guess, room = room, tokens.total + row_tokens
        batcher.release(guess - room)
        tokenised = time.perf_counter()
        request = await batcher.embed(tokens)
    finally:
        batcher.release(room)
    return respond(
        request.rows.tobytes(),
        media="application/octet-stream",
        headers=_headers(batcher, request, tokenised - began, time.perf_counter() - began),
    )


def parse(body: bytes) -> EmbedRequest:
    """Return the parsed and validated body."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad(f"the body is not JSON: {error}") from error
    texts, truncate = (
        (document.get("texts"), document.get("truncate", True)) if isinstance(document, dict) else (None, True)
    )
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _bad("`texts` must be a list of at least one text")
    if not isinstance(truncate, bool):
        raise _bad("`truncate` must be true or false")
    if len(texts) > MAX_TEXTS:
        raise ApiProblem(
            413,
            "too many texts",
            f"{len(texts)} texts in one request; at most {MAX_TEXTS} are allowed",
            fix="send them in several requests",
        )
    return EmbedRequest(texts, truncate)


def _encode(tokeniser: Tokeniser, parsed: EmbedRequest) -> Tokens:
    try:
        return tokeniser.encode(parsed.texts, truncate=parsed.truncate)
    except ValueError as error:
        raise _bad(str(error), fix="shorten it, or send truncate: true") from error


def _reserve(batcher: Batcher, room: int) -> None:
    try:
        batcher.reserve(room)
    except QueueFull as full:
        headers = {"Retry-After": str(full.seconds)}
        raise ApiProblem(
            503,
            "the engine is busy",
            "its queue is full",
            fix=f"try again in {full.seconds} s",
            headers=headers,
            more={"service": "engine"},
        ) from full


def _headers(batcher: Batcher, request: Request, tokenise: float, total: float) -> dict[str, str]:
    runner, tokens = batcher.runner, request.tokens
    queue = max(0.0, request.ended - request.arrived - request.inference)
    stages = {"tokenise": tokenise, "queue": queue, "inference": request.inference, "total": total}
    return {
        "x-model": runner.name,
        "x-model-digest": runner.digest,
        "x-dimensions": str(runner.dimensions),
        "x-device": runner.device,
        "x-precision": runner.precision,
        "x-tokens": str(tokens.total),
        "x-truncated": str(sum(tokens.cut)),
        # Tokens per text, negative if it was truncated: a cache in front uses them to count its hits.
        "x-token-counts": ",".join(
            str(-len(ids) if cut else len(ids)) for ids, cut in zip(tokens.ids, tokens.cut, strict=True)
        ),
        "server-timing": ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in stages.items()),
    }


def _bad(detail: str, fix: str = 'send {"texts": ["…"], "truncate": true}') -> ApiProblem:
    return ApiProblem(422, "the request is not valid", detail, fix=fix)
