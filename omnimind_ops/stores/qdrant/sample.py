"""Pick the same points of a collection every time, on every server that holds it, and return them as bytes.

Scroll returns points by ascending id (numbers first, then UUIDs), and its offset need not exist. So pages at evenly
spread offsets contain the same points wherever the ids are the same, at a cost that does not grow with the collection.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Record

PAGE = 10
_MAX_NUMBER = 2**64 - 1

Identity = int | str | UUID


def sample_points(client: QdrantClient, name: str, count: int, size: int) -> list[Record]:
    """Return about `size` points with vectors and payload, by ascending id; all points when there are no more than
    that.
    """
    by_key: dict[tuple[int, int | str], Record] = {}
    if count <= size:
        offset: Identity | None = None
        while True:
            points, offset = read_page(client, name, offset, PAGE * 5)
            by_key |= {sort_key(point.id): point for point in points}
            if offset is None:
                break
    else:
        for start in spread_offsets(client, name, count, max(1, size // PAGE)):
            by_key |= {sort_key(point.id): point for point in read_page(client, name, start, PAGE)[0]}
    return [by_key[key] for key in sorted(by_key)]


def sort_key(identity: Identity) -> tuple[int, int | str]:
    """Return a key that sorts ids as Qdrant does."""
    return (0, identity) if isinstance(identity, int) else (1, str(UUID(str(identity))))


def read_page(
    client: QdrantClient, name: str, start: Identity | None, limit: int
) -> tuple[list[Record], Identity | None]:
    """Return points with vectors and payload, and the first id of the next page."""
    points, after = client.scroll(name, limit=limit, offset=start, with_payload=True, with_vectors=True)
    return points, _identity(after)


def point_bytes(point: Record) -> bytes:
    """Return id, payload (canonical JSON) and vectors (float32, little endian) as bytes, equal if and only if the
    points are equal.
    """
    payload = json.dumps(point.payload or {}, sort_keys=True, separators=(",", ":")).encode()
    parts = [str(sort_key(point.id)[1]).encode(), payload]
    parts += [name.encode() + b"=" + vector_bytes(vector) for name, vector in sorted(_vectors(point).items())]
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def vector_bytes(vector: Any) -> bytes:
    """Return a dense, multi or sparse vector as bytes. In JSON, a number that is none (NaN) is null."""
    if not isinstance(vector, list):
        values = (_number(value) for value in vector.values)
        pairs = sorted(zip(vector.indices, values, strict=True))
        return b"sparse" + b"".join(struct.pack("<If", index, value) for index, value in pairs)
    if vector and isinstance(vector[0], list):
        return b"multi" + b"".join(struct.pack("<I", len(row)) + vector_bytes(row) for row in vector)
    if None in vector:
        vector = [_number(value) for value in vector]
    return struct.pack(f"<{len(vector)}f", *vector)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def query_vector(point: Record) -> tuple[str, Any] | None:
    """Return the name ("" for the only one) and value of a vector of the point to search with; a dense vector is
    preferred.
    """
    named = sorted(_vectors(point).items(), key=lambda item: (not isinstance(item[1], list), item[0]))
    return next(((name, vector) for name, vector in named if vector), None)


def _vectors(point: Record) -> dict[str, Any]:
    """Return the point's vectors by name; an only vector has the name ""."""
    named = point.vector if isinstance(point.vector, dict) else {"": point.vector}
    return {name: vector for name, vector in named.items() if vector is not None}


def spread_offsets(client: QdrantClient, name: str, count: int, pages: int) -> Iterator[Identity]:
    """Yield about `pages` offsets spread over the ids: half over the numbers, half over the UUIDs if both exist."""
    first = _first_id(client, name, 0)
    number = first if isinstance(first, int) else None
    uuid = _first_id(client, name, str(UUID(int=0)))
    if number is not None and uuid is not None:
        pages = max(1, pages // 2)
    if number is not None:
        end = _end_of_numbers(client, name, number, count)
        yield from (number + (end - number) * n // pages for n in range(pages))
    if uuid is not None:
        yield from (str(UUID(int=(n << 128) // pages)) for n in range(pages))


def _first_id(client: QdrantClient, name: str, start: Identity) -> Identity | None:
    points, _ = client.scroll(name, limit=1, offset=start, with_payload=False, with_vectors=False)
    return points[0].id if points else None


def _identity(offset: Any) -> Identity | None:
    """Return an offset of the REST API as an id. Over gRPC, which is not used here, it is a message."""
    return offset if isinstance(offset, int | str | UUID) else None


def _end_of_numbers(client: QdrantClient, name: str, low: int, count: int) -> int:
    """Return an offset above all numeric ids, at most 2 % of the range too high; takes 2 requests when ids are
    dense.
    """
    low_known, bound = low, min(low + count, _MAX_NUMBER)
    while bound < _MAX_NUMBER and isinstance(first_id := _first_id(client, name, bound), int):
        low_known, bound = first_id, min(low + (first_id - low) * 4, _MAX_NUMBER)
    middle = bound - 1
    while bound - low_known > max(1, (bound - low) // 50):
        first_id = _first_id(client, name, middle)
        if isinstance(first_id, int):
            low_known = first_id
        else:
            bound = middle
        middle = (low_known + bound) // 2
    return bound
