"""Pick the same points of a collection every time, on every server that holds it, and say what they are as bytes.

Scroll returns points by ascending id (numbers first, then UUIDs), and its offset need not exist. So pages at evenly spread offsets are the
same points wherever the same ids are, at a price that does not grow with the collection.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from omnimind_ops.stores.qdrant.client import Talk

PAGE = 10
_MAX_NUMBER = 2**64 - 1

Point = Mapping[str, Any]
Identity = int | str


def sample(server: Talk, path: str, count: int, wanted: int) -> list[Point]:
    """Return about `wanted` points with vectors and payload, by ascending id; all of them when there are no more than that."""
    found: dict[tuple[int, Identity], Point] = {}
    if count <= wanted:
        offset: Identity | None = None
        while True:
            page = _scroll(server, path, offset, PAGE * 5, whole=True)
            found |= {order(point["id"]): point for point in page["points"]}
            offset = page.get("next_page_offset")
            if offset is None:
                break
    else:
        for start in starts(server, path, count, max(1, wanted // PAGE)):
            found |= {order(point["id"]): point for point in _scroll(server, path, start, PAGE, whole=True)["points"]}
    return [found[key] for key in sorted(found)]


def order(identity: Identity) -> tuple[int, Identity]:
    """Return a key that sorts ids as Qdrant does."""
    return (0, identity) if isinstance(identity, int) else (1, str(UUID(identity)))


def point_bytes(point: Point) -> bytes:
    """Return id, payload (canonical JSON) and vectors (float32, little endian) as bytes: equal for equal points, and only for them."""
    payload = json.dumps(point.get("payload") or {}, sort_keys=True, separators=(",", ":")).encode()
    parts = [str(order(point["id"])[1]).encode(), payload]
    vectors = point.get("vector")
    named = vectors if isinstance(vectors, Mapping) else {"": vectors}
    parts += [
        name.encode() + b"=" + vector_bytes(vector) for name, vector in sorted(named.items()) if vector is not None
    ]
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def vector_bytes(vector: Any) -> bytes:
    """Return a dense, multi or sparse vector as bytes."""
    if isinstance(vector, Mapping):
        pairs = sorted(zip(vector["indices"], vector["values"], strict=True))
        return b"sparse" + b"".join(struct.pack("<If", index, value) for index, value in pairs)
    if vector and isinstance(vector[0], Sequence):
        return b"multi" + b"".join(struct.pack("<I", len(row)) + vector_bytes(row) for row in vector)
    return struct.pack(f"<{len(vector)}f", *vector)


def query_vector(point: Point) -> tuple[str, Any] | None:
    """Return the name ("" for the only one) and value of a vector of the point to search with, a dense one if it has one."""
    vectors = point.get("vector")
    if not isinstance(vectors, Mapping):
        return ("", vectors) if vectors else None
    named = sorted(vectors.items(), key=lambda item: (isinstance(item[1], Mapping), item[0]))
    return next(((name, vector) for name, vector in named if vector), None)


def _scroll(server: Talk, path: str, offset: Identity | None, limit: int, *, whole: bool) -> Any:
    body: dict[str, object] = {"limit": limit, "with_payload": whole, "with_vector": whole}
    if offset is not None:
        body["offset"] = offset
    return server.post(f"{path}/points/scroll", body)


def starts(server: Talk, path: str, count: int, pages: int) -> Iterator[Identity]:
    """Yield about `pages` offsets spread over the ids: half over the numbers, half over the UUIDs when there are both."""
    first = _first(server, path, 0)
    number = first if isinstance(first, int) else None
    uuid = _first(server, path, str(UUID(int=0)))
    if number is not None and uuid is not None:
        pages = max(1, pages // 2)
    if number is not None:
        end = _end_of_numbers(server, path, number, count)
        yield from (number + (end - number) * n // pages for n in range(pages))
    if uuid is not None:
        yield from (str(UUID(int=(n << 128) // pages)) for n in range(pages))


def _first(server: Talk, path: str, offset: Identity) -> Identity | None:
    points = _scroll(server, path, offset, 1, whole=False)["points"]
    return points[0]["id"] if points else None


def _end_of_numbers(server: Talk, path: str, low: int, count: int) -> int:
    """Return an offset behind which there is no numeric id, at most 2 % of the range too high; 2 questions where ids are dense."""
    known, bound = low, min(low + count, _MAX_NUMBER)
    while bound < _MAX_NUMBER and isinstance(found := _first(server, path, bound), int):
        known, bound = found, min(low + (found - low) * 4, _MAX_NUMBER)
    middle = bound - 1
    while bound - known > max(1, (bound - low) // 50):
        found = _first(server, path, middle)
        if isinstance(found, int):
            known = found
        else:
            bound = middle
        middle = (known + bound) // 2
    return bound
