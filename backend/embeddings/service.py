"""Embeddings of texts, in request order: from the cache where possible, otherwise from the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from backend.clients.engine import Embedded, Engine, Model
from backend.deps import PoolsDep, SettingsDep
from backend.embeddings.cache import EmbeddingCache, Kept
from backend.http.errors import unavailable
from backend.http.timing import Timing

Use = Literal["use", "renew", "off"]
"""Use of the cache: `renew` writes without reading, `off` neither reads nor writes."""


@dataclass(frozen=True)
class Found:
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


def use_of(request: Request) -> Use:
    """Return the use of the cache that Cache-Control asks for: no-store is `off`, no-cache is `renew`."""
    asked = request.headers.get("cache-control", "")
    return "off" if "no-store" in asked else "renew" if "no-cache" in asked else "use"


class Embedder:
    """The engine behind its cache."""

    def __init__(self, engine: Engine, cache: EmbeddingCache) -> None:
        self.engine = engine
        self.cache = cache

    async def embed(self, texts: Sequence[str], timing: Timing, *, use: Use = "use", truncate: bool = True) -> Found:
        """Return the embeddings of at most 4096 unique texts. Equal texts are computed once."""
        unique = list(dict.fromkeys(texts))
        for _ in range(2):
            with timing.stage("engine"):
                model = await self.engine.model()
            known = await self._known(model, unique, timing, use, truncate)
            missing = [text for text in unique if text not in known]
            if not missing:
                return self._found(texts, known, model, 0, use)
            made = await self.engine.embed(missing, timing, truncate=truncate)
            if made.digest != model.digest:
                self.engine.forget()
                if known:  # cached embeddings of the previous model must not be mixed with these
                    continue
            fresh = dict(zip(missing, _kept(made), strict=True))
            if use != "off":
                with timing.stage("cache"):
                    await self.cache.put(made.digest, fresh)
            model = Model(made.model, made.digest, made.dimensions, model.max_tokens, made.device, model.precision)
            found = self._found(texts, {**known, **fresh}, model, len(missing), use)
            return found if made.counts else _with_sums(found, made)
        raise unavailable("engine", "its model changed while it was asked", seconds=1)

    async def _known(
        self, model: Model, unique: Sequence[str], timing: Timing, use: Use, truncate: bool
    ) -> dict[str, Kept]:
        if use != "use" or not truncate:  # the cache does not always know whether a text is too long
            return {}
        with timing.stage("cache"):
            return await self.cache.get(model.digest, model.dimensions, unique)

    def _found(self, texts: Sequence[str], kept: dict[str, Kept], model: Model, misses: int, use: Use) -> Found:
        each = [kept[text] for text in texts]
        tokens, cut = sum(one.tokens or 0 for one in each), sum(one.is_cut for one in each)
        state = "off" if use == "off" else self.cache.state
        return Found(
            [one.row for one in each], model, tokens, cut, len(kept) - misses, misses, len(texts) - len(kept), state
        )


def _kept(made: Embedded) -> list[Kept]:
    if not made.counts:
        return [Kept(row) for row in made.rows]
    return [Kept(row, abs(count), count < 0) for row, count in zip(made.rows, made.counts, strict=True)]


def _with_sums(found: Found, made: Embedded) -> Found:
    """Return `found` with the totals that the engine reported for the missing texts."""
    return Found(
        found.rows,
        found.model,
        found.tokens + made.tokens,
        found.truncated + made.truncated,
        found.hits,
        found.misses,
        found.duplicates,
        found.cache,
    )


def _embedder(connection: HTTPConnection, pools: PoolsDep, settings: SettingsDep) -> Embedder:
    """Return the worker's only embedder, which remembers whether Redis answers."""
    state = connection.app.state
    if not hasattr(state, "embedder"):
        state.embedder = Embedder(pools.engine, EmbeddingCache(pools.redis, settings.cache_days))
    found: Embedder = state.embedder
    return found


EmbedderDep = Annotated[Embedder, Depends(_embedder)]
