"""/v1/embeddings and /v1/models, as OpenAI's clients know them, and /embed, which can also answer in raw float32."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from backend.accounts.access import Reader
from backend.clients.engine import Model
from backend.deps import PoolsDep, TimingDep
from backend.embeddings import encoding
from backend.embeddings.openai_errors import OpenAIRoute, invalid_parameter
from backend.embeddings.schemas import EmbedAnswer, EmbeddingList, EmbeddingRequest, EmbedRequest, ModelEntry, ModelList
from backend.embeddings.service import EmbedderDep, EmbeddingResult, cache_policy
from backend.http.body import json_body, openapi_body

router = APIRouter(tags=["embeddings"])
openai = APIRouter(prefix="/v1", route_class=OpenAIRoute)
RAW = "application/octet-stream"


@openai.post("/embeddings", response_model=EmbeddingList, openapi_extra=openapi_body(EmbeddingRequest))
async def create(
    _: Reader,
    requested: Annotated[EmbeddingRequest, Depends(json_body(EmbeddingRequest))],
    request: Request,
    embedder: EmbedderDep,
    timing: TimingDep,
) -> Response:
    """Embed one text or a list of texts, in the order given. Texts longer than the model takes are cut: see the header x-truncated."""
    model = await embedder.engine.model()
    _check(requested, model)
    result = await embedder.embed(requested.texts, timing, policy=cache_policy(request))
    usage = {"prompt_tokens": result.tokens, "total_tokens": result.tokens}
    with timing.stage("serialise"):
        fields = {"object": "list", "model": result.model.name, "usage": usage}
        body = await encoding.encode_json(
            fields,
            "data",
            result.rows,
            requested.encoding_format,
            lambda index, value: {"object": "embedding", "index": index, "embedding": value},
        )
    return encoding.ChunkedResponse(body, "application/json", result.headers())


@openai.get("/models")
async def models(_: Reader, pools: PoolsDep) -> ModelList:
    """List the model that the engine has loaded."""
    return ModelList(data=[_entry(await pools.engine.model())])


@openai.get("/models/{name:path}")
async def model(_: Reader, name: str, pools: PoolsDep) -> ModelEntry:
    """Describe the model by its name or one of its other names."""
    loaded = await pools.engine.model()
    _check_name(name, loaded)
    return _entry(loaded)


@router.post(
    "/embed",
    response_model=EmbedAnswer,
    openapi_extra=openapi_body(EmbedRequest),
    responses={200: {"content": {RAW: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def embed(
    _: Reader,
    requested: Annotated[EmbedRequest, Depends(json_body(EmbedRequest))],
    request: Request,
    embedder: EmbedderDep,
    timing: TimingDep,
) -> Response:
    """Embed texts, in the order given. `Accept: application/octet-stream` gives n × dimensions float32, little-endian, and the rest in headers."""
    result = await embedder.embed(requested.texts, timing, policy=cache_policy(request), truncate=requested.truncate)
    if RAW in request.headers.get("accept", ""):
        with timing.stage("serialise"):
            chunks = encoding.encode_raw(result.rows)
        return encoding.ChunkedResponse(chunks, RAW, result.headers())
    with timing.stage("serialise"):
        body = await encoding.encode_json(_describe(result), "embeddings", result.rows, requested.encoding)
    return encoding.ChunkedResponse(body, "application/json", result.headers())


router.include_router(openai)


def _describe(result: EmbeddingResult) -> dict[str, object]:
    model = result.model
    fields = {
        "model": model.name,
        "model_digest": model.digest,
        "dimensions": model.dimensions,
        "count": len(result.rows),
        "device": model.device,
    }
    return {**fields, "tokens": result.tokens, "truncated": result.truncated, "max_tokens": model.max_tokens}


def _entry(model: Model) -> ModelEntry:
    return ModelEntry(
        id=model.name,
        dimensions=model.dimensions,
        max_tokens=model.max_tokens,
        device=model.device,
        precision=model.precision,
    )


def _check(requested: EmbeddingRequest, model: Model) -> None:
    _check_name(requested.model, model)
    if requested.dimensions is not None and requested.dimensions != model.dimensions:
        raise invalid_parameter(
            400,
            "dimensions",
            f"{model.name} produces {model.dimensions} dimensions, not {requested.dimensions}; omit `dimensions`",
        )


def _check_name(name: str, model: Model) -> None:
    """Accept the model's name with or without its owner, and `default`."""
    short = model.name.rpartition("/")[2]
    if name.lower() not in ("default", model.name.lower(), short.lower(), f"sentence-transformers/{short}".lower()):
        message = f"the model {name[:200]!r} is not loaded; the engine has {model.name}. Use that name, or `default`"
        raise invalid_parameter(404, "model", message, code="model_not_found")
