"""Client of the part of Qdrant's REST API that workers need.

The official client costs 57 MB and 0.9 s in each of six workers.
"""

from __future__ import annotations

import array
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backend.clients.http import HttpClient
from backend.http.errors import ApiProblem, unavailable
from omnimind_ops.tools import listening

READ_SECONDS = 10.0
WRITE_SECONDS = 30.0
PATIENCE_SECONDS = 1.0
SHAPE_CACHE_SECONDS = 60.0
"""How long a collection's shape is cached."""


class QdrantError(ApiProblem):
    """Qdrant rejected a request.

    `upstream_status` is its status, `message` its text. Unless a caller handles it, the response is a 409.
    """

    def __init__(self, upstream_status: int, message: str) -> None:
        fix = (
            "try again: the collection will be created"
            if upstream_status == 404
            else "check the collection and OMNIMIND_COLLECTION"
        )
        super().__init__(409, "Qdrant rejected the request", message, fix=fix, more={"service": "qdrant"})
        self.upstream_status = upstream_status
        self.message = message


@dataclass(frozen=True)
class Shape:
    """Vector layout of a collection. `using` names the vector to write and search; "" is the unnamed vector."""

    dimensions: int
    distance: str
    using: str = ""

    def require(self, collection: str, dimensions: int) -> None:
        """Raise 409 if vectors of the model, with this many dimensions, do not fit the collection."""
        if self.dimensions != dimensions:
            raise ApiProblem(
                409,
                "the collection does not fit the model",
                f"{collection} has vectors of {self.dimensions} dimensions, the model produces {dimensions}",
                fix="load the model that the collection was created with,"
                " or set OMNIMIND_COLLECTION to another collection",
                more={
                    "collection": collection,
                    "collection_dimensions": self.dimensions,
                    "model_dimensions": dimensions,
                },
            )


@dataclass(frozen=True)
class Point:
    """One vector (float32, little-endian) with its payload."""

    id: str
    vector: bytes
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Hit:
    """One search result. The score is Qdrant's; for cosine it is between -1 and 1."""

    id: str | int
    score: float
    payload: dict[str, Any]


class Qdrant:
    """One Qdrant server. All requests are safe to repeat, because points have fixed ids.

    Raises a 503 problem if the server is not reachable, and `QdrantError` if it rejects the request.
    """

    def __init__(self, url: str, key: str) -> None:
        headers = {"content-type": "application/json", **({"api-key": key} if key else {})}
        self._http = HttpClient("qdrant", url, headers=headers, users=listening.QDRANT_USERS)
        self._shapes: dict[str, tuple[Shape, float]] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def shape(self, collection: str) -> Shape | None:
        """Return the collection's vector layout, None if it does not exist; at most one minute old."""
        cached = self._shapes.get(collection)
        if cached and time.monotonic() < cached[1]:
            return cached[0]
        try:
            shape = _shape(collection, await self._request("GET", _path(collection), seconds=READ_SECONDS))
        except QdrantError as error:
            if error.upstream_status != 404:
                raise
            self._shapes.pop(collection, None)
            return None
        self._shapes[collection] = shape, time.monotonic() + SHAPE_CACHE_SECONDS
        return shape

    async def ensure_collection(self, collection: str, dimensions: int) -> Shape:
        """Return the vector layout of a collection, which is created if it does not exist. Raises 409 if it does not fit."""
        shape = await self.shape(collection)
        if not shape:
            await self.create(collection, dimensions)
            shape = await self.shape(collection)
        if not shape:
            raise unavailable("qdrant", f"the collection {collection} was deleted right after it was created")
        shape.require(collection, dimensions)
        return shape

    async def create(self, collection: str, dimensions: int) -> None:
        """Create a collection with cosine distance and an index for the document filter. Does nothing if it exists."""
        path = _path(collection)
        try:
            await self._request(
                "PUT", path, {"vectors": {"size": dimensions, "distance": "Cosine"}}, seconds=WRITE_SECONDS
            )
            await self._request(
                "PUT",
                f"{path}/index?wait=true",
                {"field_name": "document_id", "field_schema": "keyword"},
                seconds=WRITE_SECONDS,
            )
        except QdrantError as error:
            if error.upstream_status not in (400, 409) or "exists" not in error.message:
                raise
        self._shapes.pop(collection, None)

    async def upsert(self, collection: str, shape: Shape, points: Sequence[Point]) -> None:
        """Write points and wait until they are searchable."""
        rows = [{"id": point.id, "vector": _vector(shape, point.vector), "payload": point.payload} for point in points]
        await self._points(collection, "PUT", "?wait=true", {"points": rows}, WRITE_SECONDS)

    async def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete points and wait until they are gone. Missing points or a missing collection are not an error."""
        try:
            await self._points(collection, "POST", "/delete?wait=true", {"points": list(ids)}, WRITE_SECONDS)
        except QdrantError as error:
            if error.upstream_status != 404:
                raise

    async def query(
        self,
        collection: str,
        shape: Shape,
        vector: bytes,
        *,
        limit: int,
        offset: int = 0,
        where: Mapping[str, Any] | None = None,
        threshold: float | None = None,
    ) -> list[Hit]:
        """Return the nearest points with their payload, best first."""
        request: dict[str, Any] = {"query": _floats(vector), "limit": limit, "offset": offset, "with_payload": True}
        request |= {"using": shape.using} if shape.using else {}
        request |= {"filter": where} if where else {}
        request |= {"score_threshold": threshold} if threshold is not None else {}
        result = await self._points(collection, "POST", "/query", request, READ_SECONDS)
        return [Hit(point["id"], float(point["score"]), point.get("payload") or {}) for point in result["points"]]

    async def _points(self, collection: str, method: str, path: str, body: Mapping[str, Any], seconds: float) -> Any:
        try:
            return await self._request(method, f"{_path(collection)}/points{path}", body, seconds=seconds)
        except QdrantError:
            self._shapes.pop(collection, None)  # the cached shape may be outdated
            raise

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, seconds: float) -> Any:
        import orjson

        content = orjson.dumps(body) if body is not None else None
        response = await self._http.request(method, path, content=content, seconds=seconds, patience=PATIENCE_SECONDS)
        if response.status == 200:
            return orjson.loads(response.body)["result"]
        message = _error_message(response.body)
        if response.status in (401, 403):
            raise unavailable("qdrant", "it rejects the configured API key", seconds=30)
        if response.status >= 500 or response.status == 429:
            raise unavailable("qdrant", f"it returned status {response.status}: {message}")
        raise QdrantError(response.status, message)


def _path(collection: str) -> str:
    return f"/collections/{quote(collection, safe='')}"


def _error_message(body: bytes) -> str:
    """Return the message of an error envelope."""
    import orjson

    try:
        return str(orjson.loads(body)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:300]


def _shape(collection: str, result: Mapping[str, Any]) -> Shape:
    """Return the collection's vector layout: one unnamed or one named vector. Raises 409 otherwise."""
    vectors = result["config"]["params"].get("vectors") or {}
    named = {"": vectors} if "size" in vectors else vectors
    if len(named) != 1:
        names = ", ".join(sorted(named)) or "none"
        raise ApiProblem(
            409,
            "the collection does not fit",
            f"{collection} has {len(named)} vectors ({names}); exactly one is required",
            fix="set OMNIMIND_COLLECTION to another collection",
        )
    (using, vector), *_ = named.items()
    return Shape(int(vector["size"]), str(vector["distance"]), using)


def _floats(vector: bytes) -> list[float]:
    return array.array("f", vector).tolist()


def _vector(shape: Shape, vector: bytes) -> Any:
    return {shape.using: _floats(vector)} if shape.using else _floats(vector)
