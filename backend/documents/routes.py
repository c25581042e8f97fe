"""/documents: keep texts and files so that /search finds them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from backend.accounts.access import Reader, Writer
from backend.deps import PoolsDep, SettingsDep, TimingDep
from backend.documents import repository as documents
from backend.documents import service
from backend.documents.request import FORM, ParsedRequest, parse_request
from backend.documents.schemas import (
    DocumentAnswer,
    DocumentCreated,
    DocumentDeleting,
    DocumentPage,
    DocumentRequest,
    DocumentWithChunks,
)
from backend.embeddings.service import EmbedderDep
from backend.http.body import openapi_body

router = APIRouter(prefix="/documents", tags=["documents"])


@router.post(
    "",
    status_code=201,
    responses={200: {"model": DocumentCreated}},
    openapi_extra=openapi_body(DocumentRequest, {"multipart/form-data": FORM}),
)
async def create(
    author: Writer,
    parsed: Annotated[ParsedRequest, Depends(parse_request)],
    pools: PoolsDep,
    settings: SettingsDep,
    embedder: EmbedderDep,
    timing: TimingDep,
    response: Response,
    idempotency_key: Annotated[  # noqa: ARG001
        str | None, Header(description="Not needed: the same title and text are the same document.")
    ] = None,
) -> DocumentCreated:
    """Keep a text (JSON) or a file (multipart: field `file`). 201 for a new one; 200 and the one that is there for the same title and text."""
    result = await service.add(pools, settings.collection, embedder, parsed.document(author.id), timing)
    response.status_code = 201 if result.is_new else 200
    response.headers["Location"] = f"/documents/{result.document.id}"
    return DocumentCreated.of(
        result.document, created=result.is_new, truncated=result.truncated, encoding=parsed.encoding
    )


@router.get("")
async def page(
    _: Reader,
    pools: PoolsDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> DocumentPage:
    """List documents, newest first."""
    async with pools.postgres.connection() as connection:
        page_items, total = await documents.list_ready(connection, limit, offset)
    return DocumentPage(items=[DocumentAnswer.of(item) for item in page_items], total=total, limit=limit, offset=offset)


@router.get("/{document}")
async def read(_: Reader, document: UUID, pools: PoolsDep, chunks: bool = False) -> DocumentWithChunks:
    """Describe one document; with `chunks=true` its texts too, in order."""
    async with pools.postgres.connection() as connection:
        row = await documents.find(connection, document)
        if not row or row.state != "ready":
            raise service.missing(document)
        return DocumentWithChunks.of(row, texts=await documents.chunk_texts(connection, document) if chunks else None)


@router.delete("/{document}", status_code=204, responses={202: {"model": DocumentDeleting}})
async def delete(_: Writer, document: UUID, pools: PoolsDep, settings: SettingsDep, timing: TimingDep) -> Response:
    """Delete a document and its vectors. 202 when Qdrant does not answer: it is not found any more, and the vectors go when Qdrant is back."""
    if await service.delete(pools, settings.collection, document, timing):
        return Response(status_code=204)
    return JSONResponse(DocumentDeleting(id=document).model_dump(mode="json"), status_code=202)
