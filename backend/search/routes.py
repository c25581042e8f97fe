"""/search: the chunks nearest to a question."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.accounts.access import Reader
from backend.clients.qdrant import Hit
from backend.deps import PoolsDep, SettingsDep, TimingDep
from backend.embeddings.service import EmbedderDep, cache_policy
from backend.search import filters
from backend.search.schemas import DocumentRef, Result, SearchAnswer
from backend.search.service import SearchQuery, document_of, search

router = APIRouter(tags=["search"])
TEXT_KEYS = ("text", "content", "page_content", "chunk_text", "document")
SOURCE_KEYS = ("source", "file_path", "path", "url")
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
    embeddings = await embedder.embed([q], timing, policy=cache_policy(request))
    query = SearchQuery(embeddings.rows[0], limit, offset, must, score_threshold)
    hits = await search(pools, settings.collection, query, timing)
    response.headers.update(embeddings.headers())
    return SearchAnswer(
        results=[_result(hit) for hit in hits],
        limit=limit,
        offset=offset,
        collection=settings.collection,
        model=embeddings.model.name,
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
        text=_first(hit.payload, TEXT_KEYS),
        source=_first(hit.payload, SOURCE_KEYS),
        document=document,
        payload=hit.payload,
    )


def _first(payload: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := payload.get(key), str)), "")
