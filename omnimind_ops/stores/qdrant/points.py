"""Digest of every point of a collection (vectors and payload), independent of their sort_key, with little memory.

Points are read in pages by ascending id, several ranges of ids at a time. The digest is the sum of the xxh3_128 of each
point: equal sums mean equal sets, unless 128-bit hashes collide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xxhash

from omnimind_ops.stores.qdrant.client import QdrantEndpoint, connect
from omnimind_ops.stores.qdrant.sample import Identity, point_bytes, read_page, sort_key, spread_offsets

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Record

RANGES = 4
FLOATS_PER_PAGE = 256_000
"""About 3 MB of JSON."""
_MAX_PAGE = 1000
_MODULUS = 1 << 128

OnPoints = Callable[[int], None]
"""Called with the number of points read since the last call."""
OnPage = Callable[["list[Record]"], None]
"""Called with the points of a page, from several threads."""


def ignore_page(points: list[Record]) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class PointsDigest:
    """Number of points in a collection, and the digest of all of them (hex)."""

    count: int
    digest: str


def digest_points(
    endpoint: QdrantEndpoint,
    name: str,
    config: Mapping[str, Any],
    estimate: int,
    on_points: OnPoints,
    on_page: OnPage = ignore_page,
) -> PointsDigest:
    """Read every point of a collection with about `estimate` points; Problem when the server refuses."""
    limit = page_size(config)
    with connect(endpoint) as client:
        begins: list[Identity | None] = [None]
        if estimate > RANGES * limit:
            spread = {sort_key(start): start for start in spread_offsets(client, name, estimate, RANGES)}
            begins += [spread[key] for key in sorted(spread)]
    ends = [*begins[1:], None]
    sums = [PartialDigest() for _ in begins]

    def read(bounds: tuple[Identity | None, Identity | None, PartialDigest]) -> None:
        start, end, into = bounds
        with connect(endpoint) as client:
            for points in _pages(client, name, (start, end), limit):
                into.add(points)
                on_page(points)

    reported = 0
    with ThreadPoolExecutor(len(begins)) as pool:
        pending = {pool.submit(read, bounds) for bounds in zip(begins, ends, sums, strict=True)}
        while pending:
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
            count = sum(partial.count for partial in sums)
            on_points(count - reported)
            reported = count
            for future in done:
                future.result()
    return PointsDigest(
        sum(partial.count for partial in sums), f"{sum(partial.total for partial in sums) % _MODULUS:032x}"
    )


class PartialDigest:
    """Count and digest sum of the points that one thread has read."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def add(self, points: list[Record]) -> None:
        """Add a page."""
        self.total += sum(int.from_bytes(xxhash.xxh3_128_digest(point_bytes(point))) for point in points)
        self.count += len(points)


def page_size(config: Mapping[str, Any]) -> int:
    """Return the number of points per page, from the size of their vectors and the limit of strict mode."""
    params = config.get("params") or {}
    vectors = params.get("vectors") or {}
    dense = [vectors] if "size" in vectors else list(vectors.values())
    floats = sum(int(vector.get("size") or 0) * (8 if vector.get("multivector_config") else 1) for vector in dense)
    floats += 100 * len(params.get("sparse_vectors") or {})
    strict = config.get("strict_mode_config") or {}
    limit = int(strict.get("max_query_limit") or _MAX_PAGE) if strict.get("enabled") else _MAX_PAGE
    return max(1, min(_MAX_PAGE, limit, FLOATS_PER_PAGE // max(1, floats)))


def _pages(
    client: QdrantClient, name: str, bounds: tuple[Identity | None, Identity | None], limit: int
) -> Iterator[list[Record]]:
    """Yield pages of points from the first bound up to, but without, the second."""
    start, end = bounds
    while True:
        points, start = read_page(client, name, start, limit)
        if end is not None:
            points = [point for point in points if sort_key(point.id) < sort_key(end)]
        if points:
            yield points
        if start is None or (end is not None and sort_key(start) >= sort_key(end)):
            return
