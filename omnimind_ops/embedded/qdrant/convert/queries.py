"""The universal query: scoring, prefetches, parameters.

The caller looks up examples given by point id (`Examples`), because that needs the storage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import no_inference, unsupported, wrong_input

from .filters import filter_in
from .formulas import formula_in
from .points import with_payload
from .vectors import DEFAULT, VectorSchema


class Lookup(Protocol):
    """Finds the vector of a stored point."""

    def __call__(self, id: int | str, using: str, where: Mapping[str, Any] | None) -> Any:
        """Return the vector `using` of point `id`, in the collection and vector of `where` (`lookup_from`), if
        given.
        """


@dataclass
class Examples:
    """Converts the examples of one query to vectors and records their point ids, which are excluded from the hits."""

    schema: VectorSchema
    lookup: Lookup
    using: str
    where: Mapping[str, Any] | None
    used_ids: list[int | str] = field(default_factory=list)

    def vector(self, value: Any) -> Any:
        """Return the vector of an example: the given vector, or the vector of the named point."""
        if isinstance(value, int | str) and not isinstance(value, bool):
            if self.where is None or "collection" not in self.where:
                self.used_ids.append(value)
            return self.lookup(value, self.using, self.where)
        return self.schema.named_vector(self.using, value)

    def vectors(self, values: Any) -> list[Any]:
        """Return the vectors of several examples."""
        if values is None:
            return []
        item = isinstance(values, int | str | dict) or (values and isinstance(values[0], float))
        return [self.vector(value) for value in ([values] if item else values)]


def query_in(value: Mapping[str, Any], schema: VectorSchema, lookup: Lookup) -> edge.QueryRequest:
    """Return a query with all its prefetches; the defaults are `limit` 10 and no payload, as in the real server."""
    query, hidden = _scoring(value, schema, lookup)
    return edge.QueryRequest(
        limit=_limit(value),
        offset=value.get("offset"),
        query=query,
        prefetches=_prefetches(value, schema, lookup),
        with_vector=_either(value, "with_vector", "with_vectors", False),
        with_payload=with_payload(value.get("with_payload"), False),
        filter=_without(filter_in(value.get("filter")), hidden),
        score_threshold=value.get("score_threshold"),
        params=params_in(value.get("params")),
    )


def _limit(value: Mapping[str, Any]) -> int:
    limit = value.get("limit")
    return 10 if limit is None else int(limit)


def _either(value: Mapping[str, Any], item: str, other: str, default: Any) -> Any:
    result = value.get(item, value.get(other))
    return default if result is None else result


def _prefetches(value: Mapping[str, Any], schema: VectorSchema, lookup: Lookup) -> list[edge.Prefetch]:
    given = value.get("prefetch") or []
    return [_prefetch(item, schema, lookup) for item in (given if isinstance(given, list) else [given])]


def _prefetch(value: Mapping[str, Any], schema: VectorSchema, lookup: Lookup) -> edge.Prefetch:
    query, hidden = _scoring(value, schema, lookup)
    return edge.Prefetch(
        limit=_limit(value),
        query=query,
        prefetches=_prefetches(value, schema, lookup),
        params=params_in(value.get("params")),
        filter=_without(filter_in(value.get("filter")), hidden),
        score_threshold=value.get("score_threshold"),
    )


def _without(given: edge.Filter | None, hidden: list[int | str]) -> edge.Filter | None:
    if not hidden:
        return given
    return edge.Filter(must=[given] if given else None, must_not=[edge.HasIdCondition(set(hidden))])


def _scoring(value: Mapping[str, Any], schema: VectorSchema, lookup: Lookup) -> tuple[Any, list[int | str]]:
    """Return the engine's query, and the points used as its examples."""
    query = value.get("query")
    if query is None:
        return None, []
    examples = Examples(schema, lookup, value.get("using") or DEFAULT, value.get("lookup_from"))
    if isinstance(query, dict) and "indices" not in query:
        for name, build in _KINDS.items():
            if name in query:
                return build(query, examples), examples.used_ids
        raise no_inference()
    return edge.Query.Nearest(examples.vector(query), using=examples.using), examples.used_ids


def _nearest(query: dict[str, Any], examples: Examples) -> Any:
    vector = examples.vector(query["nearest"])
    mmr = query.get("mmr")
    if mmr is None:
        return edge.Query.Nearest(vector, using=examples.using)
    diversity = 0.5 if mmr.get("diversity") is None else mmr["diversity"]
    return edge.Mmr(vector, 1 - diversity, mmr.get("candidates_limit") or 100, using=examples.using)


def _recommend(query: dict[str, Any], examples: Examples) -> Any:
    requested = query["recommend"]
    positive, negative = examples.vectors(requested.get("positive")), examples.vectors(requested.get("negative"))
    strategy = requested.get("strategy") or "average_vector"
    if strategy == "average_vector":
        return edge.Query.Nearest(_average(positive, negative), using=examples.using)
    kind = {"best_score": edge.Query.RecommendBestScore, "sum_scores": edge.Query.RecommendSumScores}.get(strategy)
    if kind is None:
        raise wrong_input(f"unknown recommend strategy `{strategy}`")
    return kind(edge.RecommendQuery(positive, negative), using=examples.using)


def _average(positive: list[Any], negative: list[Any]) -> list[float]:
    """Return the mean of the positives, moved away from the mean of the negatives, computed as in the real server."""
    if not positive:
        raise wrong_input("At least one positive vector ID required with this strategy")
    if any(not isinstance(row, list) or isinstance(row[0], list) for row in positive + negative):
        raise unsupported("recommend by average of sparse or multi vectors; use strategy best_score")
    plus = [sum(column) / len(positive) for column in zip(*positive, strict=True)]
    if not negative:
        return plus
    minus = [sum(column) / len(negative) for column in zip(*negative, strict=True)]
    return [2 * up - down for up, down in zip(plus, minus, strict=True)]


def _pairs(value: Any, examples: Examples) -> list[edge.ContextPair]:
    given = value if isinstance(value, list) else [value] if value else []
    return [edge.ContextPair(examples.vector(pair["positive"]), examples.vector(pair["negative"])) for pair in given]


def _discover(query: dict[str, Any], examples: Examples) -> Any:
    requested = query["discover"]
    result = edge.DiscoverQuery(examples.vector(requested["target"]), _pairs(requested.get("context"), examples))
    return edge.Query.Discover(result, using=examples.using)


def _context(query: dict[str, Any], examples: Examples) -> Any:
    return edge.Query.Context(edge.ContextQuery(_pairs(query["context"], examples)), using=examples.using)


def order_in(value: Any) -> edge.OrderBy:
    """Return the payload field to sort by; it needs an index with ranges."""
    if isinstance(value, str):
        return edge.OrderBy(value)
    direction = {"asc": edge.Direction.Asc, "desc": edge.Direction.Desc}[value.get("direction") or "asc"]
    return edge.OrderBy(value["key"], direction, value.get("start_from"))


def _fusion(query: dict[str, Any], _: Examples) -> Any:
    kinds = {"rrf": lambda: edge.Fusion.Rrf(2), "dbsf": edge.Fusion.Dbsf}
    if query["fusion"] not in kinds:
        raise wrong_input(f"unknown fusion `{query['fusion']}`")
    return kinds[query["fusion"]]()


def _rrf(query: dict[str, Any], _: Examples) -> Any:
    return edge.Fusion.Rrf(query["rrf"].get("k") or 2, query["rrf"].get("weights"))


def _sample(query: dict[str, Any], _: Examples) -> Any:
    if query["sample"] != "random":
        raise wrong_input(f"unknown sample `{query['sample']}`")
    return edge.Sample.Random


def _feedback(query: dict[str, Any], examples: Examples) -> Any:
    requested = query["relevance_feedback"]
    items = [edge.FeedbackItem(examples.vector(item["example"]), item["score"]) for item in requested["feedback"]]
    naive = requested["strategy"]["naive"]
    strategy = edge.NaiveFeedbackStrategy(naive["a"], naive["b"], naive["c"])
    result = edge.FeedbackNaiveQuery(examples.vector(requested["target"]), items, strategy)
    return edge.Query.FeedbackNaive(result, using=examples.using)


_KINDS: dict[str, Callable[[dict[str, Any], Examples], Any]] = {
    "nearest": _nearest,
    "recommend": _recommend,
    "discover": _discover,
    "context": _context,
    "order_by": lambda query, _: order_in(query["order_by"]),
    "fusion": _fusion,
    "rrf": _rrf,
    "formula": lambda query, _: formula_in(query),
    "sample": _sample,
    "relevance_feedback": _feedback,
}


def params_in(value: Any) -> edge.SearchParams | None:
    """Return the search parameters. Stand-in: `indexed_only` is ignored, because with a flat scan it would hide every
    new point.
    """
    if not value:
        return None
    quantization, acorn = value.get("quantization"), value.get("acorn")
    return edge.SearchParams(
        hnsw_ef=value.get("hnsw_ef"),
        exact=bool(value.get("exact")),
        quantization=edge.QuantizationSearchParams(
            bool(quantization.get("ignore")), quantization.get("rescore"), quantization.get("oversampling")
        )
        if quantization
        else None,
        acorn=edge.AcornSearchParams(bool(acorn.get("enable")), acorn.get("max_selectivity")) if acorn else None,
    )
