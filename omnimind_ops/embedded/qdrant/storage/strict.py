"""Strict mode: limits that a collection sets for its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omnimind_ops.embedded.qdrant.convert import indexes
from omnimind_ops.embedded.qdrant.errors import ApiError, bad_request

from .collection import Collection

Json = Mapping[str, Any]


def _refused(what: str, advice: str) -> ApiError:
    return bad_request(f"{what}. Help: {advice}")


class Strict:
    """The limits of one collection; none apply when strict mode is off."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        config = collection.config.get("strict_mode_config") or {}
        self.config: Json = config if config.get("enabled") else {}

    def limit(self, value: float | None, setting: str, name: str) -> None:
        """Refuse a value that is larger than the setting."""
        allowed = self.config.get(setting)
        if value is not None and allowed is not None and value > allowed:
            raise _refused(
                f'Limit exceeded {value} > {allowed} for "{name}"',
                f'Reduce the "{name}" parameter to or below {allowed}.',
            )

    def timeout(self, value: int | None) -> None:
        """Refuse a request with too long a time-out."""
        self.limit(value, "max_timeout", "timeout")

    def exact(self, value: bool | None) -> None:
        """Refuse an exact search."""
        if value and self.config.get("search_allow_exact") is False:
            raise _refused("Exact search disabled!", "Set exact=false.")

    def params(self, value: Json | None) -> None:
        """Refuse search parameters that cost too much."""
        if not value:
            return
        self.limit((value.get("quantization") or {}).get("oversampling"), "search_max_oversampling", "oversampling")
        self.limit(value.get("hnsw_ef"), "search_max_hnsw_ef", "hnsw_ef")
        self.exact(value.get("exact"))

    def filter(self, value: Json | None, setting: str = "unindexed_filtering_retrieve") -> None:
        """Refuse a filter on fields without an index, with too many conditions or too long lists."""
        if not value or not self.config:
            return
        conditions = list(_conditions(value))
        if self.config.get(setting) is False:
            for key, kinds in (needed for condition in conditions for needed in _needed(condition)):
                if self._kind(key) not in kinds:
                    listed = ", ".join(sorted(kinds))
                    what = f'Index required but not found for "{key}" of one of the following types: [{listed}]'
                    raise _refused(what, "Create an index for this key or use a different filter.")
        most, size = self.config.get("filter_max_conditions"), self.config.get("condition_max_size")
        if most is not None and len(conditions) > most:
            what = f"Filter condition limit reached ({len(conditions)} > {most})"
            raise _refused(what, "Reduce the amount of conditions of your filter.")
        longest = max(map(_size, conditions), default=0)
        if size is not None and longest > size:
            raise _refused(f"Condition size limit reached ({longest} > {size})", "Reduce the size of your condition.")

    def grouped(self, key: str) -> None:
        """Refuse groups by a field without an index."""
        if self.config.get("unindexed_filtering_retrieve") is False and self._kind(key) not in (
            "keyword",
            "integer",
            "uuid",
            "bool",
        ):
            raise _refused(
                f'Index required but not found for "{key}"', "Create an index supporting `match` for this key."
            )

    def growth(self, points: int, name: str) -> None:
        """Refuse too many points in one request, or in the collection."""
        self.limit(points, "upsert_max_batchsize", name)
        most = self.config.get("max_points_count")
        if most is not None and self.collection.shards.info().points_count >= most:
            raise bad_request(f"Max points count limit of {most} reached!")

    def index(self) -> None:
        """Refuse another payload index beyond the limit."""
        most = self.config.get("max_payload_index_count")
        if most is not None and len(self.collection.shards.info().payload_schema) >= most:
            what = f"Collection already has the maximum number of payload indices ({most})"
            raise _refused(what, "Please delete an existing index before creating a new one.")

    def _kind(self, key: str) -> str:
        schema = self.collection.schemas.get(key)
        return indexes.type_name(schema) if schema else ""


def query(strict: Strict, body: Json) -> None:
    """Check a search of any kind, and its prefetches."""
    limit = body.get("limit", body.get("top"))
    strict.limit(10 if limit is None else limit, "max_query_limit", "limit")
    _searched(strict, body)


def groups(strict: Strict, body: Json) -> None:
    """Check a grouped search."""
    strict.grouped(body["group_by"])
    strict.limit((body.get("limit") or 10) * (body.get("group_size") or 3), "max_query_limit", "limit")
    _searched(strict, body)


def batch(strict: Strict, body: Json) -> None:
    """Check several searches."""
    strict.limit(len(body["searches"]), "search_max_batchsize", "search batch size")
    for search in body["searches"]:
        query(strict, search)


def count(strict: Strict, body: Json) -> None:
    """Check a count; counts are exact unless the request says otherwise."""
    strict.filter(body.get("filter"))
    strict.exact(body.get("exact", True))


def facet(strict: Strict, body: Json) -> None:
    """Check a facet request."""
    strict.limit(body.get("limit"), "max_query_limit", "limit")
    strict.filter(body.get("filter"))
    strict.exact(body.get("exact"))


def matrix(strict: Strict, body: Json) -> None:
    """Check a distance matrix request."""
    limit, sample = body.get("limit"), body.get("sample")
    strict.limit(limit * sample if limit and sample else limit or sample, "max_query_limit", "limit")
    strict.filter(body.get("filter"))


def nothing(_: Strict, __: Json) -> None:
    """Check nothing: no limit applies."""


def upsert(strict: Strict, body: Json) -> None:
    """Check an upsert of points."""
    strict.growth(len(body["batch"]["ids"] if "batch" in body else body["points"]), "upsert limit")
    strict.filter(body.get("update_filter"), "unindexed_filtering_update")


def update_vectors(strict: Strict, body: Json) -> None:
    """Check an update of vectors."""
    strict.growth(len(body["points"]), "update limit")
    strict.filter(body.get("update_filter"), "unindexed_filtering_update")


def selected(strict: Strict, body: Json) -> None:
    """Check a change of the points that match a filter."""
    strict.filter(body.get("filter"), "unindexed_filtering_update")


def _searched(strict: Strict, body: Json) -> None:
    strict.filter(body.get("filter"))
    strict.params(body.get("params"))
    given = body.get("prefetch") or []
    for prefetch in given if isinstance(given, list) else [given]:
        query(strict, prefetch)


def _conditions(value: Json) -> Iterator[Json]:
    """Yield all conditions of a filter, including nested ones."""
    for name in ("must", "should", "must_not"):
        given = value.get(name) or []
        for condition in given if isinstance(given, list) else [given]:
            yield from _inner(condition)
    for condition in (value.get("min_should") or {}).get("conditions") or []:
        yield from _inner(condition)


def _inner(condition: Json) -> Iterator[Json]:
    if "nested" in condition:
        yield from _conditions(condition["nested"]["filter"])
    elif condition.keys() & {"must", "should", "must_not", "min_should"}:
        yield from _conditions(condition)
    else:
        yield condition


def _size(condition: Json) -> int:
    match = condition.get("match") or {}
    return len(match.get("any") or match.get("except") or ())


def _needed(condition: Json) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the field of a condition, and the kinds of index that support it."""
    key = condition.get("key")
    if key is None:
        inner = condition.get("is_empty") or condition.get("is_null")
        if isinstance(inner, Mapping):
            yield inner["key"], frozenset(indexes.NAMES)
        return
    for name, kinds in (("range", {"integer", "float", "datetime"}), ("values_count", set(indexes.NAMES))):
        if condition.get(name) is not None:
            yield key, frozenset(kinds)
    if any(condition.get(name) is not None for name in ("geo_bounding_box", "geo_radius", "geo_polygon")):
        yield key, frozenset({"geo"})
    if (match := condition.get("match")) is not None:
        yield key, frozenset(_matching(match))


def _matching(match: Json) -> set[str]:
    if match.keys() & {"text", "text_any", "phrase"}:
        return {"text"}
    value = match.get("value", (match.get("any") or match.get("except") or [""])[0])
    if isinstance(value, bool):
        return {"bool"}
    return {"integer"} if isinstance(value, int) else {"keyword", "uuid"}
