"""/search: the chunks nearest to a question."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.accounts.access import Reader
from backend.clients.qdrant import Hit
from backend.deps import PoolsDep, SettingsDep, TimingDep
from backend.embeddings.service import EmbedderDep, use_of
from backend.search import filters
from backend.search.schemas import DocumentRef, Result, SearchAnswer
from backend.search.service import Wanted, document_of, search

router = APIRouter(tags=["search"])
TEXTS = ("text", "content", "page_content", "chunk_text", "document")
SOURCES = ("source", "file_path", "path", "url")
"""Where the points of other programs may hold these."""


@router.get("/search")
async def find(
    _: Reader,
    q: Annotated[str, Query(min_length=1, max_length=8192, description="What to look for, in words.")],
    pools: PoolsDep,
    settings: SettingsDep,
    embedder: EmbedderDep,
    timing: TimingDep,
    request: Request,
    response: Response,
    filter: Annotated[
        list[str], Query(description=f"May be given several times; all must hold. {filters.FIX}", max_length=20)
    ] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    score_threshold: Annotated[float | None, Query(ge=-1, le=1, allow_inf_nan=False)] = None,
) -> SearchAnswer:
    """Return the nearest chunks, best first: of documents added here, and of whatever else the collection holds."""
    must = filters.conditions(filter)
    found = await embedder.embed([q], timing, use=use_of(request))
    wanted = Wanted(found.rows[0], limit, offset, must, score_threshold)
    hits = await search(pools, settings.collection, wanted, timing)
    response.headers.update(found.headers())
    return SearchAnswer(
        results=[_result(hit) for hit in hits],
        limit=limit,
        offset=offset,
        collection=settings.collection,
        model=found.model.name,
    )


def _result(hit: Hit) -> Result:
    id_ = document_of(hit)
    document = (
        DocumentRef(id=str(id_), title=str(hit.payload.get("title") or ""), chunk=int(hit.payload["chunk"]))
        if id_
        else None
    )
    return Result(
        id=hit.id,
        score=hit.score,
        text=_first(hit.payload, TEXTS),
        source=_first(hit.payload, SOURCES),
        document=document,
        payload=hit.payload,
    )


def _first(payload: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := payload.get(key), str)), "")
