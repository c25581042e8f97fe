"""Embeddings of texts, in request order: from the cache where possible, otherwise from the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from backend.clients.engine import Embeddings, Engine, Model
from backend.deps import PoolsDep, SettingsDep
from backend.embeddings.cache import CachedEmbedding, EmbeddingCache
from backend.http.errors import unavailable
from backend.http.timing import Timing

CachePolicy = Literal["use", "renew", "off"]
"""Use of the cache: `renew` writes without reading, `off` neither reads nor writes."""


@dataclass(frozen=True)
class EmbeddingResult:
    """One row (float32, little-endian) for each text, and the cache statistics.

    hits + misses + duplicates is the number of texts: hits came from the cache, misses were computed, duplicates repeat
    a text of the request. `tokens` and `truncated` cover all texts; for cached texts only if the engine reported them
    when they were computed.
    """

    rows: list[bytes]
    model: Model
    tokens: int
    truncated: int
    hits: int
    misses: int
    duplicates: int
    cache: str  # up, full, down or off

    def headers(self) -> dict[str, str]:
        """Return the response headers with these facts."""
        rate = self.hits / max(1, self.hits + self.misses)
        parts = [f"hits={self.hits}", f"misses={self.misses}", f"rate={rate:.2f}"]
        parts += [f"duplicates={self.duplicates}"] if self.duplicates else []
        parts += [f"state={self.cache}"] if self.cache != "up" else []
        return {
            "x-cache": ", ".join(parts),
            "x-model": self.model.name,
            "x-model-digest": self.model.digest,
            "x-dimensions": str(self.model.dimensions),
            "x-device": self.model.device,
            "x-tokens": str(self.tokens),
            "x-truncated": str(self.truncated),
        }


def cache_policy(request: Request) -> CachePolicy:
    """Return the use of the cache that Cache-Control asks for: no-store is `off`, no-cache is `renew`."""
    directives = request.headers.get("cache-control", "")
    return "off" if "no-store" in directives else "renew" if "no-cache" in directives else "use"


class Embedder:
    """The engine behind its cache."""

    def __init__(self, engine: Engine, cache: EmbeddingCache) -> None:
        self.engine = engine
        self.cache = cache

    async def embed(
        self, texts: Sequence[str], timing: Timing, *, policy: CachePolicy = "use", truncate: bool = True
    ) -> EmbeddingResult:
        """Return the embeddings of at most 4096 unique texts. Equal texts are computed once."""
        unique = list(dict.fromkeys(texts))
        for _ in range(2):
            with timing.stage("engine"):
                model = await self.engine.model()
            cached = await self._read_cache(model, unique, timing, policy, truncate)
            missing = [text for text in unique if text not in cached]
            if not missing:
                return self._result(texts, cached, model, 0, policy)
            computed = await self.engine.embed(missing, timing, truncate=truncate)
            if computed.digest != model.digest:
                self.engine.expire_model()
                if cached:  # cached embeddings of the previous model must not be mixed with these
                    continue
            new_embeddings = dict(zip(missing, _to_cache(computed), strict=True))
            if policy != "off":
                with timing.stage("cache"):
                    await self.cache.put(computed.digest, new_embeddings)
            model = Model(
                computed.model, computed.digest, computed.dimensions, model.max_tokens, computed.device, model.precision
            )
            result = self._result(texts, {**cached, **new_embeddings}, model, len(missing), policy)
            return result if computed.counts else _with_totals(result, computed)
        raise unavailable("engine", "its model changed during the request", seconds=1)

    async def _read_cache(
        self, model: Model, unique: Sequence[str], timing: Timing, policy: CachePolicy, truncate: bool
    ) -> dict[str, CachedEmbedding]:
        if policy != "use" or not truncate:  # the cache does not always know whether a text is too long
            return {}
        with timing.stage("cache"):
            return await self.cache.get(model.digest, model.dimensions, unique)

    def _result(
        self,
        texts: Sequence[str],
        embeddings: dict[str, CachedEmbedding],
        model: Model,
        misses: int,
        policy: CachePolicy,
    ) -> EmbeddingResult:
        ordered = [embeddings[text] for text in texts]
        tokens, truncated = (
            sum(embedding.tokens or 0 for embedding in ordered),
            sum(embedding.is_truncated for embedding in ordered),
        )
        state = "off" if policy == "off" else self.cache.state
        return EmbeddingResult(
            [embedding.row for embedding in ordered],
            model,
            tokens,
            truncated,
            len(embeddings) - misses,
            misses,
            len(texts) - len(embeddings),
            state,
        )


def _to_cache(computed: Embeddings) -> list[CachedEmbedding]:
    if not computed.counts:
        return [CachedEmbedding(row) for row in computed.rows]
    return [
        CachedEmbedding(row, abs(count), count < 0) for row, count in zip(computed.rows, computed.counts, strict=True)
    ]


def _with_totals(result: EmbeddingResult, computed: Embeddings) -> EmbeddingResult:
    """Return `result` with the totals that the engine reported for the missing texts."""
    return EmbeddingResult(
        result.rows,
        result.model,
        result.tokens + computed.tokens,
        result.truncated + computed.truncated,
        result.hits,
        result.misses,
        result.duplicates,
        result.cache,
    )


def _embedder(connection: HTTPConnection, pools: PoolsDep, settings: SettingsDep) -> Embedder:
    """Return the worker's only embedder, which remembers whether Redis answers."""
    state = connection.app.state
    if not hasattr(state, "embedder"):
        state.embedder = Embedder(pools.engine, EmbeddingCache(pools.redis, settings.cache_days))
    embedder: Embedder = state.embedder
    return embedder


EmbedderDep = Annotated[Embedder, Depends(_embedder)]
