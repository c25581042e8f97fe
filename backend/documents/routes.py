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
from backend.documents.request import FORM, Drafted, drafted
from backend.documents.schemas import (
    DocumentAnswer,
    DocumentCreated,
    DocumentDeleting,
    DocumentPage,
    DocumentRequest,
    DocumentWithChunks,
)
from backend.embeddings.service import EmbedderDep
from backend.http.body import described

router = APIRouter(prefix="/documents", tags=["documents"])


@router.post(
    "",
    status_code=201,
    responses={200: {"model": DocumentCreated}},
    openapi_extra=described(DocumentRequest, {"multipart/form-data": FORM}),
)
async def create(
    by: Writer,
    given: Annotated[Drafted, Depends(drafted)],
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
    added = await service.add(pools, settings.collection, embedder, given.draft(by.id), timing)
    response.status_code = 201 if added.is_new else 200
    response.headers["Location"] = f"/documents/{added.document.id}"
    return DocumentCreated.of(added.document, created=added.is_new, truncated=added.truncated, encoding=given.encoding)


@router.get("")
async def page(
    _: Reader,
    pools: PoolsDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> DocumentPage:
    """List documents, newest first."""
    async with pools.postgres.connection() as link:
        found, total = await documents.page(link, limit, offset)
    return DocumentPage(items=[DocumentAnswer.of(one) for one in found], total=total, limit=limit, offset=offset)


@router.get("/{document}")
async def read(_: Reader, document: UUID, pools: PoolsDep, chunks: bool = False) -> DocumentWithChunks:
    """Describe one document; with `chunks=true` its texts too, in order."""
    async with pools.postgres.connection() as link:
        found = await documents.find(link, document)
        if not found or found.state != "ready":
            raise service.missing(document)
        return DocumentWithChunks.of(found, texts=await documents.texts(link, document) if chunks else None)


@router.delete("/{document}", status_code=204, responses={202: {"model": DocumentDeleting}})
async def delete(_: Writer, document: UUID, pools: PoolsDep, settings: SettingsDep, timing: TimingDep) -> Response:
    """Delete a document and its vectors. 202 when Qdrant does not answer: it is not found any more, and the vectors go when Qdrant is back."""
    if await service.remove(pools, settings.collection, document, timing):
        return Response(status_code=204)
    return JSONResponse(DocumentDeleting(id=document).model_dump(mode="json"), status_code=202)
