"""Collections, their configuration, aliases and payload indexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .body import Placing, Request
from .compound import ListOf, MapOf, Maybe, Ruled, Struct, Untagged
from .types import Anything, Broken, Integer, Number, Text, Type, Word
from .values import COUNT, FLAG, PATH, PAYLOAD, broken_by

_DISTANCE = Word(("Cosine", "Euclid", "Dot", "Manhattan"))
_DATATYPE = Maybe(Word(("float32", "uint8", "float16", "turbo4")))
_POSITIVE = Maybe(Integer(1))
_POSITIVE32 = Maybe(Integer(1, kind="u32"))
_NONZERO32 = Maybe(Integer(kind="a nonzero u32", start=1, end=2**32 - 1))
_MEMORY = Maybe(Word(("cold", "cached", "pinned")))
_HNSW = Maybe(
    Struct(
        "HnswConfigDiff",
        {
            "m": COUNT,
            "ef_construct": Maybe(Integer(4)),
            "full_scan_threshold": Maybe(Integer(10)),
            "max_indexing_threads": COUNT,
            "on_disk": FLAG,
            "memory": _MEMORY,
            "payload_m": COUNT,
            "inline_storage": FLAG,
        },
        aliases={"full_scan_threshold_kb": "full_scan_threshold"},
    )
)
_WAL = Maybe(
    Struct("WalConfigDiff", {"wal_capacity_mb": _POSITIVE, "wal_segments_ahead": COUNT, "wal_retain_closed": COUNT})
)
_OPTIMIZERS = Maybe(
    Struct(
        "OptimizersConfigDiff",
        {
            "deleted_threshold": Maybe(Number(0.0, 1.0, kind="f64")),
            "vacuum_min_vector_number": Maybe(Integer(100)),
            "default_segment_number": COUNT,
            "max_segment_size": _POSITIVE,
            "memmap_threshold": COUNT,
            "indexing_threshold": COUNT,
            "flush_interval_sec": COUNT,
            "max_optimization_threads": Maybe(Untagged("MaxOptimizationThreads", (Word(("auto",)), Integer()))),
            "prevent_unoptimized": FLAG,
        },
        aliases={f"{name}_kb": name for name in ("max_segment_size", "memmap_threshold", "indexing_threshold")},
    )
)
_RAM: dict[str, Type] = {"always_ram": FLAG, "memory": _MEMORY}
_RATIO = Word(("x4", "x8", "x16", "x32", "x64"))
_BITS = Maybe(Word(("bits1", "bits1_5", "bits2", "bits4")))
_ENCODING = {
    "encoding": Maybe(Word(("one_bit", "two_bits", "one_and_half_bits"))),
    "query_encoding": Maybe(Word(("default", "binary", "scalar4bits", "scalar8bits"))),
}


def _quantized(name: str, fields: dict[str, Type]) -> Struct:
    return Struct(f"{name}_quantization", {name: Struct(f"{name}_quantization_config", {**fields, **_RAM})})


_QUANTIZATIONS = (
    _quantized("scalar", {"type": Word(("int8",)), "quantile": Maybe(Number(0.5, 1.0))}),
    _quantized("product", {"compression": _RATIO}),
    _quantized("binary", {**_ENCODING}),
    _quantized("turbo", {"bits": _BITS}),
)
_QUANTIZATION = Maybe(Untagged("QuantizationConfig", _QUANTIZATIONS))
_QUANTIZATION_DIFF = Maybe(Untagged("QuantizationConfigDiff", (*_QUANTIZATIONS, Word(("Disabled",)))))
_ALIASES = {"quantization": "quantization_config"}


_VECTOR = Struct(
    "VectorParams",
    {
        "size": Integer(1, 65536, kind="a nonzero u64", start=1),
        "distance": _DISTANCE,
        "hnsw_config": _HNSW,
        "quantization_config": _QUANTIZATION,
        "on_disk": FLAG,
        "memory": _MEMORY,
        "datatype": _DATATYPE,
        "multivector_config": Maybe(Struct("MultiVectorConfig", {"comparator": Word(("max_sim",))})),
    },
    aliases=_ALIASES,
)
_INDEX = Struct(
    "SparseIndexParams", {"full_scan_threshold": COUNT, "on_disk": FLAG, "memory": _MEMORY, "datatype": _DATATYPE}
)
_SPARSE = Struct("SparseVectorParams", {"index": Maybe(_INDEX), "modifier": Maybe(Word(("none", "idf")))})
_STRICT_LIMITS = ("max_query_limit", "max_timeout", "read_rate_limit", "write_rate_limit", "max_points_count")
_STRICT_COUNTS = (
    "search_max_hnsw_ef",
    "upsert_max_batchsize",
    "search_max_batchsize",
    "max_collection_vector_size_bytes",
    "max_collection_payload_size_bytes",
    "filter_max_conditions",
    "condition_max_size",
    "max_payload_index_count",
)
_PERCENT = Maybe(Integer(1, 100, kind="u8", end=255))
_STRICT = Maybe(
    Struct(
        "StrictModeConfig",
        {
            "enabled": FLAG,
            **dict.fromkeys(_STRICT_LIMITS, _POSITIVE),
            **dict.fromkeys(("unindexed_filtering_retrieve", "unindexed_filtering_update", "search_allow_exact"), FLAG),
            **dict.fromkeys(_STRICT_COUNTS, COUNT),
            "search_max_oversampling": Maybe(Number(kind="f64")),
            "multivector_config": Maybe(MapOf(Struct("StrictModeMultivector", {"max_vectors": _POSITIVE}))),
            "sparse_config": Maybe(MapOf(Struct("StrictModeSparse", {"max_length": _POSITIVE}))),
            "max_resident_memory_percent": _PERCENT,
            "max_disk_usage_percent": _PERCENT,
        },
    )
)
CREATE = Request(
    Struct(
        "CreateCollection",
        {
            "vectors": Untagged("VectorsConfig", (_VECTOR, MapOf(_VECTOR))),
            "shard_number": _POSITIVE32,
            "sharding_method": Maybe(Word(("auto", "custom"))),
            "replication_factor": _POSITIVE32,
            "write_consistency_factor": _POSITIVE32,
            "on_disk_payload": FLAG,
            "hnsw_config": _HNSW,
            "wal_config": _WAL,
            "optimizers_config": _OPTIMIZERS,
            "quantization_config": _QUANTIZATION,
            "sparse_vectors": Maybe(MapOf(_SPARSE)),
            "strict_mode_config": _STRICT,
            "uuid": Maybe(Text()),
            "payload": Maybe(Anything()),
            "id_tracker": Maybe(Anything()),
            "metadata": Maybe(PAYLOAD),
        },
        optional=frozenset({"vectors"}),
        aliases={**_ALIASES, "optimizer_config": "optimizers_config"},
    ),
    Placing.VALUE,
    tidy=True,
)
_VECTOR_DIFF = Struct(
    "VectorParamsDiff",
    {"hnsw_config": _HNSW, "quantization_config": _QUANTIZATION_DIFF, "on_disk": FLAG, "memory": _MEMORY},
    aliases=_ALIASES,
)
_PARAMS = Struct(
    "CollectionParamsDiff",
    {
        "replication_factor": _NONZERO32,
        "write_consistency_factor": _NONZERO32,
        "read_fan_out_factor": Maybe(Integer(kind="u32")),
        "read_fan_out_delay_ms": COUNT,
        "on_disk_payload": FLAG,
    },
)
UPDATE = Request(
    Struct(
        "UpdateCollection",
        {
            "vectors": Maybe(MapOf(_VECTOR_DIFF)),
            "optimizers_config": _OPTIMIZERS,
            "params": Maybe(_PARAMS),
            "hnsw_config": _HNSW,
            "quantization_config": _QUANTIZATION_DIFF,
            "sparse_vectors": Maybe(MapOf(_SPARSE)),
            "strict_mode_config": _STRICT,
            "metadata": Maybe(PAYLOAD),
        },
        aliases={**_ALIASES, "optimizer_config": "optimizers_config"},
    ),
    Placing.VALUE,
    tidy=True,
)


def _action(kind: str, *fields: str) -> Struct:
    return Struct(f"{kind}_operation", {kind: Struct(kind, dict.fromkeys(fields, Text()))})


ALIASES = Request(
    Struct(
        "ChangeAliasesOperation",
        {
            "actions": ListOf(
                Untagged(
                    "AliasOperations",
                    (
                        _action("create_alias", "collection_name", "alias_name"),
                        _action("delete_alias", "alias_name"),
                        _action("rename_alias", "old_alias_name", "new_alias_name"),
                    ),
                )
            )
        },
    ),
    Placing.VALUE,
)
NAMED_VECTOR = Request(
    Untagged(
        "VectorNameConfig",
        (
            Struct(
                "DenseVectorNameConfig",
                {"dense": Struct("DenseVectorConfig", {**_VECTOR.fields, "size": Integer(1, 65536)})},
            ),
            Struct(
                "SparseVectorNameConfig",
                {
                    "sparse": Struct(
                        "SparseVectorConfig", {"modifier": _SPARSE.fields["modifier"], "datatype": _DATATYPE}
                    )
                },
            ),
        ),
    ),
    Placing.VALUE,
    tidy=True,
)


def _useless(value: Any, name: str) -> Iterator[Broken]:
    """Yield an error for an integer index without any capability."""
    if isinstance(value, dict) and value.get("lookup") is False and value.get("range") is False:
        yield broken_by(f"{name}.__all__", "the 'lookup' and 'range' capabilities can't be both disabled")


_KINDS = ("keyword", "integer", "float", "geo", "text", "bool", "datetime", "uuid")
_COMMON: dict[str, Type] = {"on_disk": FLAG, "memory": _MEMORY, "enable_hnsw": FLAG}
_EXTRA: dict[str, dict[str, Type]] = {
    "keyword": {"is_tenant": FLAG, "prefix": FLAG},
    "integer": {"lookup": FLAG, "range": FLAG, "is_principal": FLAG},
    "float": {"is_principal": FLAG},
    "datetime": {"is_principal": FLAG},
    "uuid": {"is_tenant": FLAG},
    "text": {
        "tokenizer": Word(("prefix", "whitespace", "word", "multilingual")),
        "min_token_len": COUNT,
        "max_token_len": COUNT,
        "lowercase": FLAG,
        "ascii_folding": FLAG,
        "phrase_matching": FLAG,
        "stopwords": Maybe(Anything()),
        "stemmer": Maybe(Anything()),
        "scoring": Maybe(Anything()),
    },
}
_SCHEMAS = tuple(
    Struct(f"{kind}_index", {"type": Word((kind,)), **_COMMON, **_EXTRA.get(kind, {})}, frozenset({"tokenizer"}))
    for kind in _KINDS
)
INDEX = Request(
    Struct(
        "CreateFieldIndex",
        {
            "field_name": PATH,
            "field_schema": Maybe(Ruled(Untagged("PayloadFieldSchema", (Word(_KINDS), *_SCHEMAS)), _useless)),
        },
        aliases={"field_type": "field_schema"},
    ),
    Placing.VALUE,
    tidy=True,
)
