"""Queries on points: the universal query, the older search requests, scroll, count, facet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .body import Placing, Request
from .compound import Later, ListOf, MapOf, Maybe, Ruled, Struct, Untagged
from .filters import CONDITION, FILTER
from .types import Anything, Boolean, Broken, Integer, Number, Text, Type, Word
from .values import COUNT, FLAG, I64, PATH, POINT_ID, SCORE, SHARD_KEY, WITH_PAYLOAD, WITH_VECTOR, Date, Geo, broken_by
from .vectors import SEARCHED, Vector

_EXPECTED = "Expected some form of vector, id, or a type of query"
INPUT = Untagged(
    "VectorInput",
    (Vector("VectorInput", ("dense", "sparse", "multi")), POINT_ID, Vector("VectorInput", ("inference",))),
)
EXAMPLE = Untagged("RecommendExample", (POINT_ID, Vector("RecommendExample", ("dense", "sparse"))))
POSITIVE = Maybe(Integer(least=1))
PARAMS = Maybe(
    Struct(
        "SearchParams",
        {
            "hnsw_ef": POSITIVE,
            "exact": Boolean(),
            "quantization": Maybe(
                Struct(
                    "QuantizationSearchParams",
                    {"ignore": Boolean(), "rescore": FLAG, "oversampling": Maybe(Number(1.0))},
                    frozenset({"ignore"}),
                )
            ),
            "indexed_only": Boolean(),
            "acorn": Maybe(
                Struct(
                    "AcornSearchParams",
                    {"enable": Boolean(), "max_selectivity": Maybe(Number(0.0, 1.0))},
                    frozenset({"enable"}),
                )
            ),
        },
        optional=frozenset({"exact", "indexed_only"}),
    )
)
LOOKUP = Maybe(Struct("LookupLocation", {"collection": Text(), "vector": Maybe(Text()), "shard_key": SHARD_KEY}))
ORDER = Untagged(
    "OrderByInterface",
    (
        PATH,
        Struct(
            "OrderBy",
            {
                "key": PATH,
                "direction": Maybe(Word(("asc", "desc"))),
                "start_from": Maybe(Untagged("StartFrom", (I64, Number(kind="f64"), Date()))),
            },
        ),
    ),
    "Expected a string, or an object with a key, direction and/or start_from",
)
_PAIR = Struct("ContextPair", {"positive": INPUT, "negative": INPUT})
_PAIRS = Maybe(ListOf(_PAIR, or_one=True))


def _no_example(value: Any, name: str) -> Iterator[Broken]:
    if not value.get("positive") and not value.get("negative"):
        text = "At least one positive or negative vector/id must be provided"
        yield broken_by(f"{name}.positives, negatives", text)


def _kind(name: str, inner: Type, **more: Type) -> Struct:
    return Struct(f"{name}_query", {name: inner, **more})


_EXPRESSION: Type = Later(lambda: _EXPRESSIONS)
_DECAY = Struct("Decay", {"x": _EXPRESSION, "target": Maybe(_EXPRESSION), "scale": SCORE, "midpoint": SCORE})
_EXPRESSIONS: Untagged = Untagged(
    "Expression",
    (
        Number(),
        Text(),
        CONDITION,
        _kind("geo_distance", Struct("GeoDistanceParams", {"origin": Geo(), "to": PATH})),
        _kind("datetime", Text()),
        _kind("datetime_key", PATH),
        *(_kind(name, ListOf(_EXPRESSION)) for name in ("mult", "sum", "max", "min")),
        *(_kind(name, _EXPRESSION) for name in ("neg", "abs", "sqrt", "exp", "log10", "ln")),
        _kind("div", Struct("DivParams", {"left": _EXPRESSION, "right": _EXPRESSION, "by_zero_default": SCORE})),
        _kind("pow", Struct("PowParams", {"base": _EXPRESSION, "exponent": _EXPRESSION})),
        *(_kind(name, _DECAY) for name in ("lin_decay", "exp_decay", "gauss_decay")),
    ),
)
_RECOMMEND = Struct(
    "RecommendInput",
    {
        "positive": Maybe(ListOf(INPUT)),
        "negative": Maybe(ListOf(INPUT)),
        "strategy": Maybe(Word(("average_vector", "best_score", "sum_scores"))),
    },
)
_NAIVE = Struct("NaiveFeedbackStrategyParams", {"a": Number(), "b": Number(0.0), "c": Number()})
_FEEDBACK = Struct(
    "RelevanceFeedbackInput",
    {
        "target": INPUT,
        "feedback": ListOf(Struct("FeedbackItem", {"example": INPUT, "score": Number()})),
        "strategy": _kind("naive", _NAIVE),
    },
    rule=lambda value: None if value["feedback"] else "feedback elements must be non-empty",
)
_KINDS = (
    _kind(
        "nearest",
        INPUT,
        mmr=Maybe(
            Struct("Mmr", {"diversity": Maybe(Number(0.0, 1.0)), "candidates_limit": Maybe(Integer(most=16_384))})
        ),
    ),
    _kind("recommend", Ruled(_RECOMMEND, _no_example)),
    _kind("discover", Struct("DiscoverInput", {"target": INPUT, "context": _PAIRS}, needed=frozenset({"context"}))),
    _kind("context", ListOf(_PAIR, or_one=True)),
    _kind("order_by", ORDER),
    _kind("fusion", Word(("rrf", "dbsf"))),
    _kind("rrf", Struct("Rrf", {"k": POSITIVE, "weights": Maybe(ListOf(Number()))})),
    Struct("FormulaQuery", {"formula": _EXPRESSION, "defaults": MapOf(Anything())}, frozenset({"defaults"})),
    _kind("sample", Word(("random",))),
    _kind("relevance_feedback", _FEEDBACK),
)
QUERY = Maybe(Untagged("QueryInterface", (INPUT, *_KINDS), _EXPECTED))
_PREFETCHES = Maybe(ListOf(Later(lambda: _PREFETCH), or_one=True))
_SCORING: dict[str, Type] = {
    "prefetch": _PREFETCHES,
    "query": QUERY,
    "using": Maybe(Text()),
    "filter": FILTER,
    "params": PARAMS,
    "score_threshold": SCORE,
}
_PREFETCH: Struct = Struct("Prefetch", {**_SCORING, "limit": POSITIVE, "lookup_from": LOOKUP})
_SHOWN: dict[str, Type] = {"with_vector": WITH_VECTOR, "with_payload": WITH_PAYLOAD}
_ALIASES = {"with_vectors": "with_vector"}
_PLAIN_GROUPS: dict[str, Type] = {
    "group_by": PATH,
    "group_size": POSITIVE,
    "limit": POSITIVE,
    "with_lookup": Maybe(
        Untagged(
            "WithLookupInterface",
            (
                Text(),
                Struct(
                    "WithLookup",
                    {"collection": Text(), "with_payload": WITH_PAYLOAD, "with_vectors": WITH_VECTOR},
                    aliases={"with_vector": "with_vectors"},
                ),
            ),
        )
    ),
}
_OLD_GROUPS = {**_PLAIN_GROUPS, "group_size": Integer(1, kind="u32"), "limit": Integer(1, kind="u32")}
_KEYED: dict[str, Type] = {"shard_key": SHARD_KEY}
_QUERY = Struct(
    "QueryRequest",
    {**_SCORING, "limit": POSITIVE, "offset": COUNT, **_SHOWN, "lookup_from": LOOKUP, **_KEYED},
    aliases=_ALIASES,
    flat="internal",
)
_TOP = {**_ALIASES, "top": "limit"}
_FOUND: dict[str, Type] = {
    "filter": FILTER,
    "params": PARAMS,
    "limit": Integer(1),
    "offset": COUNT,
    **_SHOWN,
    "score_threshold": SCORE,
}
_SEARCH = Struct("SearchRequest", {"vector": SEARCHED, **_FOUND, **_KEYED}, aliases=_TOP, flat="search_request")
_EXAMPLES: dict[str, Type] = {
    "positive": ListOf(EXAMPLE),
    "negative": ListOf(EXAMPLE),
    "strategy": Maybe(Word(("average_vector", "best_score", "sum_scores"))),
    "using": Maybe(Untagged("UsingVector", (Text(),))),
    "lookup_from": LOOKUP,
}
_NO_EXAMPLES = frozenset({"positive", "negative"})
_RECOMMENDED = Struct("RecommendRequest", {**_EXAMPLES, **_FOUND, **_KEYED}, _NO_EXAMPLES, _TOP, "recommend_request")
_OLD_PAIR = Struct("ContextExamplePair", {"positive": EXAMPLE, "negative": EXAMPLE})
_DISCOVER = Struct(
    "DiscoverRequest",
    {
        "target": Maybe(EXAMPLE),
        "context": Maybe(ListOf(_OLD_PAIR)),
        **_FOUND,
        "using": _EXAMPLES["using"],
        "lookup_from": LOOKUP,
        **_KEYED,
    },
    aliases=_TOP,
    flat="discover_request",
)
_GROUPED: dict[str, Type] = {"filter": FILTER, "params": PARAMS, **_SHOWN, "score_threshold": SCORE}
_MATRIX: dict[str, Type] = {
    "filter": FILTER,
    "sample": Maybe(Integer(2)),
    "limit": POSITIVE,
    "using": Maybe(Text()),
    **_KEYED,
}


def _batch(name: str, inner: Struct) -> Request:
    return Request(Struct(name, {"searches": ListOf(inner)}), Placing.VALUE)


RETRIEVE = Request(
    Struct("PointRequest", {"ids": ListOf(POINT_ID), **_SHOWN, **_KEYED}, aliases=_ALIASES, flat="point_request"),
)
SCROLL = Request(
    Struct(
        "ScrollRequest",
        {"offset": Maybe(POINT_ID), "limit": POSITIVE, "filter": FILTER, **_SHOWN, "order_by": Maybe(ORDER), **_KEYED},
        aliases=_ALIASES,
        flat="scroll_request",
    )
)
COUNTED = Request(
    Struct(
        "CountRequest", {"filter": FILTER, "exact": Boolean(), **_KEYED}, frozenset({"exact"}), flat="count_request"
    ),
)
FACET = Request(
    Struct(
        "FacetRequest",
        {"key": PATH, "limit": POSITIVE, "filter": FILTER, "exact": FLAG, **_KEYED},
        flat="facet_request",
    )
)
QUERY_POINTS, QUERY_BATCH = Request(_QUERY), _batch("QueryRequestBatch", _QUERY)
QUERY_GROUPS = Request(
    Struct(
        "QueryGroupsRequest",
        {**_SCORING, **_SHOWN, "lookup_from": LOOKUP, **_PLAIN_GROUPS, **_KEYED},
        aliases=_ALIASES,
        flat="search_group_request.group_request",
    )
)
SEARCH, SEARCH_BATCH = Request(_SEARCH), _batch("SearchRequestBatch", _SEARCH)
SEARCH_GROUPS = Request(
    Struct(
        "SearchGroupsRequest",
        {"vector": SEARCHED, **_GROUPED, **_OLD_GROUPS, **_KEYED},
        aliases=_ALIASES,
        flat="search_group_request.group_request",
    )
)
RECOMMEND, RECOMMEND_BATCH = Request(_RECOMMENDED), _batch("RecommendRequestBatch", _RECOMMENDED)
RECOMMEND_GROUPS = Request(
    Struct(
        "RecommendGroupsRequest",
        {**_EXAMPLES, **_GROUPED, **_OLD_GROUPS, **_KEYED},
        _NO_EXAMPLES,
        _ALIASES,
        "recommend_group_request.group_request",
    )
)
DISCOVER, DISCOVER_BATCH = Request(_DISCOVER), _batch("DiscoverRequestBatch", _DISCOVER)
MATRIX = Request(Struct("SearchMatrixRequest", _MATRIX, flat="search_request"))
