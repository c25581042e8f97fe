"""A collection's `config.json`: created from a request, changed by a patch, converted to the engine's configuration."""

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
    "prevent_unoptimized": None,
}
WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
_TINY = {"size": 1, "distance": "Dot"}


def create(request: Mapping[str, Any], uuid: str) -> dict[str, Any]:
    """Return the config of a new collection, in the real server's format."""
    if request.get("sharding_method") == "custom":
        raise unsupported("shard keys")
    check_names(request)
    params = {
        "vectors": request.get("vectors") or {},
        "shard_number": request.get("shard_number") or 1,
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
    if request.get("strict_mode_config"):
        config["strict_mode_config"] = request["strict_mode_config"]
    return config


def patch(config: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config after a PATCH. Stand-in: indexing settings are stored and shown, but have no effect."""
    new = copy.deepcopy(dict(config))
    new["optimizer_config"] = _merged(new["optimizer_config"], request.get("optimizers_config"))
    new["hnsw_config"] = _merged(new["hnsw_config"], request.get("hnsw_config"))
    new["params"] = _merged(new["params"], request.get("params"))
    if request.get("quantization_config") is not None:
        given = request.get("quantization_config")
        new["quantization_config"] = None if given == "Disabled" else given
    if request.get("metadata"):
        new["metadata"] = _merged(new.get("metadata") or {}, request["metadata"])
    if request.get("strict_mode_config") is not None:
        new["strict_mode_config"] = _merged(new.get("strict_mode_config") or {}, request["strict_mode_config"])
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
    return new


def check_names(request: Mapping[str, Any]) -> None:
    """Refuse empty or duplicate vector names."""
    sparse = request.get("sparse_vectors") or {}
    if DEFAULT in sparse:
        raise wrong_input("Sparse vector name cannot be empty")
    for name in request.get("vectors") or {}:
        if name in sparse and "size" not in request["vectors"]:
            raise wrong_input(f"Dense and sparse vector names must be unique - duplicate found with '{name}'")


def _merged(old: Mapping[str, Any], change: Any) -> dict[str, Any]:
    return {**old, **{key: value for key, value in (change or {}).items() if value is not None}}


def dense(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters of the dense vectors by name; the unnamed one is ""."""
    vectors = config["params"].get("vectors") or {}
    return {DEFAULT: vectors} if "size" in vectors else vectors


def schema(config: Mapping[str, Any]) -> VectorSchema:
    """Return the vectors that points of this collection may have."""
    named = dense(config)
    return VectorSchema(
        sizes={name: int(params["size"]) for name, params in named.items()},
        multi=frozenset(name for name, params in named.items() if params.get("multivector_config")),
        sparse=frozenset(config["params"].get("sparse_vectors") or {}),
    )


def has_vectors(config: Mapping[str, Any]) -> bool:
    """Return whether points of this collection may have any vector."""
    return bool(dense(config) or config["params"].get("sparse_vectors"))


def engine(config: Mapping[str, Any], placeholder: str) -> edge.EdgeConfig:
    """Return the engine's configuration. Quantization is left out, because a flat scan does not use it.

    A collection without vectors gets one named `placeholder`, because the engine needs at least one.
    """
    hnsw = config["hnsw_config"]
    vectors = dense(config) if has_vectors(config) else {placeholder: _TINY}
    threshold = config["optimizer_config"].get("indexing_threshold")
    return edge.EdgeConfig(
        vectors={name: engine_dense(params) for name, params in vectors.items()},
        sparse_vectors={name: _sparse(p or {}) for name, p in (config["params"].get("sparse_vectors") or {}).items()},
        on_disk_payload=config["params"].get("on_disk_payload"),
        hnsw_config=edge.HnswIndexConfig(hnsw["m"], hnsw["ef_construct"], hnsw["full_scan_threshold"]),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=threshold),
    )


def engine_dense(params: Mapping[str, Any]) -> edge.EdgeVectorParams:
    """Return the engine's parameters of a dense vector."""
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
