"""/v1/embeddings and /v1/models, as OpenAI's clients know them, and /embed, which can also answer in raw float32."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from backend.accounts.access import Reader
from backend.clients.engine import Model
from backend.deps import PoolsDep, TimingDep
from backend.embeddings import encoding
from backend.embeddings.openai_errors import OpenAIRoute, refused
from backend.embeddings.schemas import EmbedAnswer, EmbeddingList, EmbeddingRequest, EmbedRequest, ModelEntry, ModelList
from backend.embeddings.service import EmbedderDep, Found, use_of
from backend.http.body import body as json_body
from backend.http.body import described

router = APIRouter(tags=["embeddings"])
openai = APIRouter(prefix="/v1", route_class=OpenAIRoute)
RAW = "application/octet-stream"


@openai.post("/embeddings", response_model=EmbeddingList, openapi_extra=described(EmbeddingRequest))
async def create(
    _: Reader,
    asked: Annotated[EmbeddingRequest, Depends(json_body(EmbeddingRequest))],
    request: Request,
    embedder: EmbedderDep,
    timing: TimingDep,
) -> Response:
    """Embed one text or a list of texts, in the order given. Texts longer than the model takes are cut: see the header x-truncated."""
    model = await embedder.engine.model()
    _check(asked, model)
    found = await embedder.embed(asked.texts, timing, use=use_of(request))
    usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    with timing.stage("serialise"):
        about = {"object": "list", "model": found.model.name, "usage": usage}
        body = await encoding.json(
            about,
            "data",
            found.rows,
            asked.encoding_format,
            lambda at, one: {"object": "embedding", "index": at, "embedding": one},
        )
    return encoding.Pieces(body, "application/json", found.headers())


@openai.get("/models")
async def models(_: Reader, pools: PoolsDep) -> ModelList:
    """List the model that the engine has loaded."""
    return ModelList(data=[_entry(await pools.engine.model())])


@openai.get("/models/{name:path}")
async def model(_: Reader, name: str, pools: PoolsDep) -> ModelEntry:
    """Describe the model by its name or one of its other names."""
    found = await pools.engine.model()
    _check_name(name, found)
    return _entry(found)


@router.post(
    "/embed",
    response_model=EmbedAnswer,
    openapi_extra=described(EmbedRequest),
    responses={200: {"content": {RAW: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def embed(
    _: Reader,
    asked: Annotated[EmbedRequest, Depends(json_body(EmbedRequest))],
    request: Request,
    embedder: EmbedderDep,
    timing: TimingDep,
) -> Response:
    """Embed texts, in the order given. `Accept: application/octet-stream` gives n × dimensions float32, little-endian, and the rest in headers."""
    found = await embedder.embed(asked.texts, timing, use=use_of(request), truncate=asked.truncate)
    if RAW in request.headers.get("accept", ""):
        with timing.stage("serialise"):
            pieces = encoding.raw(found.rows)
        return encoding.Pieces(pieces, RAW, found.headers())
    with timing.stage("serialise"):
        body = await encoding.json(_about(found), "embeddings", found.rows, asked.encoding)
    return encoding.Pieces(body, "application/json", found.headers())


router.include_router(openai)


def _about(found: Found) -> dict[str, object]:
    told = found.model
    about = {
        "model": told.name,
        "model_digest": told.digest,
        "dimensions": told.dimensions,
        "count": len(found.rows),
        "device": told.device,
    }
    return {**about, "tokens": found.tokens, "truncated": found.truncated, "max_tokens": told.max_tokens}


def _entry(found: Model) -> ModelEntry:
    return ModelEntry(
        id=found.name,
        dimensions=found.dimensions,
        max_tokens=found.max_tokens,
        device=found.device,
        precision=found.precision,
    )


def _check(asked: EmbeddingRequest, found: Model) -> None:
    _check_name(asked.model, found)
    if asked.dimensions is not None and asked.dimensions != found.dimensions:
        raise refused(
            400,
            "dimensions",
            f"{found.name} gives {found.dimensions} dimensions and cannot be asked for {asked.dimensions}; leave `dimensions` out",
        )


def _check_name(name: str, found: Model) -> None:
    """Accept the model's name with or without its owner, and `default`."""
    short = found.name.rpartition("/")[2]
    if name.lower() not in ("default", found.name.lower(), short.lower(), f"sentence-transformers/{short}".lower()):
        words = f"the model {name[:200]!r} is not loaded; the engine has {found.name}. Ask for that, or for `default`"
        raise refused(404, "model", words, code="model_not_found")
