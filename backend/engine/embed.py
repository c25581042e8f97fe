"""POST /embed: texts in, float32 rows out, and in the headers how they were made and where the time went."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import orjson
from starlette.responses import Response

from backend.engine.batcher import Batcher, Full
from backend.engine.http import respond
from backend.engine.request import Request
from backend.engine.tokenise import Tokeniser, Tokens
from backend.http.errors import ApiProblem

MOST_TEXTS = 4096
BODY_BYTES = 32 * 1024 * 1024
SMALL = 1000
"""Letters in all that are tokenised at once: it takes 0.1 ms, less than to change threads."""
PLACE = 16
"""Tokens that a text takes up in the queue beside its own: its row has to be kept."""
LARGE = 256 * 1024
"""Bytes of a body that is parsed beside the event loop."""
LETTERS_PER_TOKEN = 3
"""For the reservation, before the tokens are counted; low, so that it is rather too much."""


@dataclass(frozen=True)
class Question:
    """A body of /embed."""

    texts: list[str]
    truncate: bool


async def answer(body: bytes, tokeniser: Tokeniser, batcher: Batcher) -> Response:
    """Return the rows; ApiProblem for a bad request (422), too many texts (413) or a full queue (503)."""
    began = time.perf_counter()
    question = await asyncio.to_thread(parse, body) if len(body) > LARGE else parse(body)
    letters, places = sum(map(len, question.texts)), len(question.texts) * PLACE
    room = min(letters // LETTERS_PER_TOKEN, len(question.texts) * tokeniser.max_tokens) + places
    _reserve(batcher, room)
    try:
        tokens = (
            _encode(tokeniser, question) if letters <= SMALL else await asyncio.to_thread(_encode, tokeniser, question)
        )
        guess, room = room, tokens.total + places
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


def parse(body: bytes) -> Question:
    """Read and check a body."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad(f"the body is not JSON: {error}") from error
    texts, truncate = (found.get("texts"), found.get("truncate", True)) if isinstance(found, dict) else (None, True)
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _bad("`texts` must be a list of at least one text")
    if not isinstance(truncate, bool):
        raise _bad("`truncate` must be true or false")
    if len(texts) > MOST_TEXTS:
        raise ApiProblem(
            413,
            "too many texts",
            f"{len(texts)} in one request; {MOST_TEXTS} can be",
            fix="send them in several requests",
        )
    return Question(texts, truncate)


def _encode(tokeniser: Tokeniser, question: Question) -> Tokens:
    try:
        return tokeniser.encode(question.texts, truncate=question.truncate)
    except ValueError as error:
        raise _bad(str(error), fix="shorten it, or send truncate: true") from error


def _reserve(batcher: Batcher, room: int) -> None:
    try:
        batcher.reserve(room)
    except Full as full:
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
        # Of each text, negative where it was cut: a cache in front counts its own hits with it.
        "x-token-counts": ",".join(
            str(-len(ids) if cut else len(ids)) for ids, cut in zip(tokens.ids, tokens.cut, strict=True)
        ),
        "server-timing": ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in stages.items()),
    }


def _bad(detail: str, fix: str = 'send {"texts": ["…"], "truncate": true}') -> ApiProblem:
    return ApiProblem(422, "the request is not valid", detail, fix=fix)
