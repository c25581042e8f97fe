"""The shards of a collection as one: queries go to all of them, and the results are merged.

Stand-in: a new point goes to a shard by a simple hash rule (the real server has a hash ring); an existing point stays
in its shard. Scores that compare prefetches with each other (fusion) are computed per shard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zlib import crc32

import qdrant_edge as edge

Item = TypeVar("Item")


@dataclass(frozen=True)
class Info:
    """Counts over all shards."""

    points_count: int
    indexed_vectors_count: int
    segments_count: int
    payload_schema: Mapping[str, Any]


@dataclass(frozen=True)
class Index:
    """One payload index over all shards."""

    data_type: Any
    points: int


class Shards:
    """One or more engine shards by number."""

    def __init__(self, shards: Mapping[int, edge.EdgeShard]) -> None:
        self.all = dict(sorted(shards.items()))

    @property
    def _only(self) -> edge.EdgeShard | None:
        return next(iter(self.all.values())) if len(self.all) == 1 else None

    def _each(self, name: str, *given: Any) -> list[Any]:
        return [getattr(shard, name)(*given) for shard in self.all.values()]

    def update(self, operation: edge.UpdateOperation) -> None:
        """Apply a change to every shard."""
        self._each("update", operation)

    def flush(self) -> None:
        """Write everything to disk."""
        self._each("flush")

    def close(self) -> None:
        """Close the files."""
        self._each("close")

    def info(self) -> Info:
        """Return counts and indexes, summed over the shards."""
        result = self._each("info")
        fields = {field: index.data_type for info in result for field, index in info.payload_schema.items()}
        return Info(
            sum(info.points_count for info in result),
            sum(info.indexed_vectors_count for info in result),
            sum(info.segments_count for info in result),
            {
                field: Index(
                    kind, sum(info.payload_schema[field].points for info in result if field in info.payload_schema)
                )
                for field, kind in fields.items()
            },
        )

    def count(self, request: edge.CountRequest) -> int:
        """Return the number of matching points."""
        return sum(self._each("count", request))

    def facet(self, request: edge.FacetRequest, limit: int) -> list[tuple[Any, int]]:
        """Return values and their counts, the most frequent first."""
        counts: Counter[Any] = Counter()
        for response in self._each("facet", request):
            counts.update({hit.value: hit.count for hit in response.hits})
        if self._only:
            return list(counts.items())[:limit]
        return sorted(counts.items(), key=lambda hit: (-hit[1], str(hit[0])))[:limit]

    def retrieve(self, ids: Sequence[Any], payload: Any, vector: Any) -> list[Any]:
        """Return the existing points with these ids, in the requested order."""
        results = [record for records in self._each("retrieve", list(ids), payload, vector) for record in records]
        if self._only:
            return results
        order = {str(id): index for index, id in reversed(list(enumerate(ids)))}
        return sorted(results, key=lambda record: order.get(str(record.id), 0))

    def scroll(
        self, limit: int, order: edge.OrderBy | None, request: edge.ScrollRequest, descending: bool = False
    ) -> tuple[list[Any], Any]:
        """Return one page ordered by id or by a payload field, and the first id of the next page."""
        pages = self._each("scroll", request)
        if self._only:
            page: tuple[list[Any], Any] = pages[0]
            return page
        records = [record for outcome, _ in pages for record in outcome]
        if order is not None:
            return sorted(records, key=lambda record: record.order_value, reverse=descending)[:limit], None
        records.sort(key=lambda record: by_id(record.id))
        rest = [record.id for record in records[limit : limit + 1]] + [after for _, after in pages if after is not None]
        return records[:limit], min(rest, key=by_id, default=None)

    def query(
        self, request: edge.QueryRequest, wide: edge.QueryRequest, offset: int, limit: int, ascending: bool
    ) -> list[Any]:
        """Return the best points; `wide` is the same query without an offset, for several shards."""
        if self._only:
            entries: list[Any] = self._only.query(request)
            return entries
        points = [point for item in self._each("query", wide) for point in item]
        return sorted(points, key=lambda point: point.score, reverse=not ascending)[offset : offset + limit]

    def apply(
        self,
        items: Sequence[Item],
        id_of: Callable[[Item], Any],
        operation: Callable[[Sequence[Item]], edge.UpdateOperation],
    ) -> None:
        """Apply a change to some points, each in its existing or future shard."""
        if self._only:
            self._only.update(operation(items))
            return
        for number, mine in self._placed(items, id_of).items():
            self.all[number].update(operation(mine))

    def _placed(self, items: Sequence[Item], id_of: Callable[[Item], Any]) -> dict[int, list[Item]]:
        ids = [id_of(item) for item in items]
        homes = {str(record.id): n for n, shard in self.all.items() for record in shard.retrieve(ids, False, False)}
        numbers, placed = list(self.all), dict[int, list[Item]]()
        for item, id in zip(items, ids, strict=True):
            number = homes.get(str(id), numbers[crc32(str(id).encode()) % len(numbers)])
            placed.setdefault(number, []).append(item)
        return placed


def by_id(id: Any) -> tuple[bool, Any]:
    """Return a sort key: numbers before UUIDs."""
    return (False, id) if isinstance(id, int) else (True, id.int)
