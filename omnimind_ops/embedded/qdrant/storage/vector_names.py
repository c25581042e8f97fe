"""Named vectors added to and removed from a collection's configuration."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.convert.configs import dense, engine_dense
from omnimind_ops.embedded.qdrant.convert.vectors import DEFAULT
from omnimind_ops.embedded.qdrant.errors import wrong_input

Config = dict[str, Any]
_U = edge.UpdateOperation


def added(
    config: Mapping[str, Any], name: str, request: Mapping[str, Any]
) -> tuple[Config, edge.UpdateOperation] | None:
    """Return the configuration with the vector, and the engine's operation; None when the vector exists."""
    new = copy.deepcopy(dict(config))
    params = new["params"]
    sparse = params.get("sparse_vectors") or {}
    if name in dense(config) or name in sparse:
        return None
    if "sparse" in request:
        given = {key: value for key, value in request["sparse"].items() if value is not None}
        params["sparse_vectors"] = {**sparse, name: given}
        modifier = edge.Modifier.Idf if given.get("modifier") == "idf" else None
        return new, _U.create_sparse_vector(name, modifier)
    given = {key: value for key, value in request["dense"].items() if value is not None}
    params["vectors"] = {**dense(config), name: given}
    made = engine_dense(given)
    return new, _U.create_dense_vector(name, made.size, made.distance, made.multivector_config, made.datatype)


def removed(config: Mapping[str, Any], name: str) -> tuple[Config, edge.UpdateOperation]:
    """Return the configuration without the vector, and the engine's operation."""
    new = copy.deepcopy(dict(config))
    params = new["params"]
    vectors, sparse = dict(dense(config)), dict(params.get("sparse_vectors") or {})
    if vectors.pop(name, None) is None and sparse.pop(name, None) is None:
        raise wrong_input(f"Not existing vector name error: {name}")
    params["vectors"] = vectors[DEFAULT] if list(vectors) == [DEFAULT] else vectors
    if "sparse_vectors" in params:
        params["sparse_vectors"] = sparse
    return new, _U.delete_vector_name(name)
