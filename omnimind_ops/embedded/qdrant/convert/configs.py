"""A collection's `config.json`: made from a create request, changed by a patch, turned into the engine's configuration."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import unsupported, wrong_input

from .vectors import DEFAULT, VectorSchema

HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False}
OPTIMIZER = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
_DISTANCES = ("Cosine", "Euclid", "Dot", "Manhattan")


def create(request: Mapping[str, Any], uuid: str) -> dict[str, Any]:
    """The config of a new collection, in the real server's form."""
    if (request.get("shard_number") or 1) != 1 or request.get("sharding_method") == "custom":
        raise unsupported("more than one shard in a collection")
    _refuse_strict_mode(request)
    params = {
        "vectors": request.get("vectors") or {},
        "shard_number": 1,
        "replication_factor": request.get("replication_factor") or 1,
        "write_consistency_factor": request.get("write_consistency_factor") or 1,
        "on_disk_payload": True if request.get("on_disk_payload") is None else request["on_disk_payload"],
    }
    for name in ("sparse_vectors", "payload", "id_tracker"):
        if request.get(name):
            params[name] = request[name]
    config: dict[str, Any] = {
        "params": params,
        "hnsw_config": _merged(HNSW, request.get("hnsw_config")),
        "optimizer_config": _merged(OPTIMIZER, request.get("optimizers_config")),
        "wal_config": _merged(WAL, request.get("wal_config")),
        "quantization_config": request.get("quantization_config"),
        "uuid": uuid,
    }
    if request.get("metadata"):
        config["metadata"] = request["metadata"]
    engine(config)
    return config


def patch(config: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The config after a PATCH. Stand-in: indexing settings are kept and shown; only `--optimize` acts on them."""
    _refuse_strict_mode(request)
    new = copy.deepcopy(dict(config))
    new["optimizer_config"] = _merged(new["optimizer_config"], request.get("optimizers_config"))
    new["hnsw_config"] = _merged(new["hnsw_config"], request.get("hnsw_config"))
    new["params"] = _merged(new["params"], request.get("params"))
    if request.get("quantization_config") is not None:
        given = request["quantization_config"]
        new["quantization_config"] = None if given == "Disabled" else given
    if request.get("metadata"):
        new["metadata"] = _merged(new.get("metadata") or {}, request["metadata"])
    vectors = new["params"]["vectors"]
    for name, change in (request.get("vectors") or {}).items():
        target = vectors if name == DEFAULT and "size" in vectors else vectors.get(name)
        if target is None:
            raise wrong_input(f"Not existing vector name error: {name}")
        target.update({key: value for key, value in change.items() if value is not None})
    sparse = new["params"].get("sparse_vectors") or {}
    for name, change in (request.get("sparse_vectors") or {}).items():
        if name not in sparse:
            raise wrong_input(f"Not existing vector name error: {name}")
        sparse[name] = _merged(sparse[name] or {}, change)
    engine(new)
    return new


def _refuse_strict_mode(request: Mapping[str, Any]) -> None:
    if (request.get("strict_mode_config") or {}).get("enabled"):
        raise unsupported("strict mode")


def _merged(old: Mapping[str, Any], change: Any) -> dict[str, Any]:
    return {**old, **{key: value for key, value in (change or {}).items() if value is not None}}


def dense(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Parameters of the dense vectors by name; the unnamed one is ""."""
    vectors = config["params"].get("vectors") or {}
    return {DEFAULT: vectors} if "size" in vectors else vectors


def schema(config: Mapping[str, Any]) -> VectorSchema:
    """What points of this collection may carry."""
    named = dense(config)
    return VectorSchema(
        sizes={name: int(params["size"]) for name, params in named.items()},
        multi=frozenset(name for name, params in named.items() if params.get("multivector_config")),
        sparse=frozenset(config["params"].get("sparse_vectors") or {}),
    )


def engine(config: Mapping[str, Any]) -> edge.EdgeConfig:
    """The engine's configuration; quantization is not passed on, because a flat scan does not use it."""
    hnsw = config["hnsw_config"]
    threshold = config["optimizer_config"].get("indexing_threshold")
    return edge.EdgeConfig(
        vectors={name: _dense(params) for name, params in dense(config).items()},
        sparse_vectors={name: _sparse(p or {}) for name, p in (config["params"].get("sparse_vectors") or {}).items()},
        on_disk_payload=config["params"].get("on_disk_payload"),
        hnsw_config=edge.HnswIndexConfig(hnsw["m"], hnsw["ef_construct"], hnsw["full_scan_threshold"]),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=threshold),
    )


def _dense(params: Mapping[str, Any]) -> edge.EdgeVectorParams:
    if params["distance"] not in _DISTANCES:
        raise wrong_input(f"unknown distance `{params['distance']}`")
    if not 1 <= params["size"] <= 65536:
        raise wrong_input("Validation error in JSON body: [vectors.size: must be from 1 to 65536]")
    comparator = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if params.get("multivector_config") else None
    return edge.EdgeVectorParams(
        size=params["size"],
        distance=getattr(edge.Distance, params["distance"]),
        on_disk=params.get("on_disk"),
        multivector_config=comparator,
        datatype=_datatype(params),
        memory=_memory(params),
    )


def _sparse(params: Mapping[str, Any]) -> edge.EdgeSparseVectorParams:
    index = params.get("index") or {}
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.get("full_scan_threshold"),
        on_disk=index.get("on_disk"),
        modifier=edge.Modifier.Idf if params.get("modifier") == "idf" else None,
        datatype=_datatype(index),
    )


def _datatype(params: Mapping[str, Any]) -> edge.VectorStorageDatatype | None:
    return getattr(edge.VectorStorageDatatype, params["datatype"].capitalize()) if params.get("datatype") else None


def _memory(params: Mapping[str, Any]) -> edge.Memory | None:
    return getattr(edge.Memory, params["memory"].capitalize()) if params.get("memory") else None
