"""Collection files for a shard snapshot, which lacks them. The configuration comes from the caller, the rest from the
snapshot's segments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.contents import Contents
from omnimind_ops.stores.backup.tar import damage_as_problem
from omnimind_ops.stores.json_object import as_object, parse_object

COLLECTION_VERSION = "0.4.2"
"""Version of the collection format: the same in every Qdrant since 1.3."""
_CONFIG_KEYS = (
    "params",
    "hnsw_config",
    "optimizer_config",
    "wal_config",
    "quantization_config",
    "strict_mode_config",
    "metadata",
)


def read_config(path: Path) -> Mapping[str, Any]:
    """Return a configuration from a file: a collection's config.json, or the response of GET /collections/NAME."""
    config = load_config(path)
    if config is None:
        raise Problem(
            f"cannot use {path} as a collection's configuration",
            "it contains no collection parameters (params)" if path.is_file() else "the file does not exist",
            "pass the config.json of the collection's directory, or the response of GET /collections/NAME",
        )
    return config


def load_config(path: Path) -> Mapping[str, Any] | None:
    """Return a configuration from a file; None when the file contains none."""
    try:
        config = parse_object(path.read_bytes())
        for key in ("result", "config"):
            if key in config:
                config = as_object(config[key])
        as_object(config.get("params"))
    except (OSError, ValueError):
        return None
    return config


def collection_files(name: str, contents: Contents, config: Mapping[str, Any] | None, archive: str) -> dict[str, str]:
    """Return the files of the collection's directory by path; Problem without its configuration, or with a wrong
    one.
    """
    if config is None:
        raise Problem(
            f"cannot restore {archive}",
            f"a shard snapshot contains no config.json, and no running Qdrant has a collection {name} to take it from",
            "pass the collection's configuration with --qdrant-collection-config FILE, or use a collection snapshot",
        )
    params = config.get("params") or {}
    count = int(params.get("shard_number") or 1)
    if count != 1:
        raise Problem(
            f"cannot restore {archive}",
            f"collection {name} has {count} shards; this snapshot contains only one of them",
            "make a snapshot of the collection: POST /collections/NAME/snapshots",
        )
    indexes: dict[str, Any] = {}
    for path, content in contents.small_files.items():
        with damage_as_problem(archive):
            document = json.loads(content) if path.endswith(("/segment.json", "/payload_index/config.json")) else {}
        if path.endswith("/segment.json"):
            _check_vectors(document.get("config") or {}, params, archive, name)
        indexes |= document.get("indexed_fields") or {}
    folder = f"collections/{name}"
    return {
        f"{folder}/config.json": json.dumps({key: config[key] for key in _CONFIG_KEYS if key in config}),
        f"{folder}/payload_index.json": json.dumps({"schema": indexes}),
        f"{folder}/version.info": COLLECTION_VERSION,
    }


def _check_vectors(segment: Mapping[str, Any], params: Mapping[str, Any], archive: str, name: str) -> None:
    actual = dict(_vector_types(segment.get("vector_data") or {})), set(segment.get("sparse_vector_data") or {})
    vectors = params.get("vectors") or {}
    dense = dict(_vector_types({"": vectors} if "size" in vectors else vectors))
    expected = dense, set(params.get("sparse_vectors") or {})
    if actual != expected:
        raise Problem(
            f"cannot restore {archive} as {name}",
            f"it contains vectors {_format_vectors(actual)}, but the collection's configuration has "
            f"{_format_vectors(expected)}",
            "pass the configuration of the snapshot's collection: --qdrant-collection-config FILE",
        )


def _vector_types(vectors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, vector in vectors.items():
        yield name, f"{vector.get('size')} {vector.get('distance')}"


def _format_vectors(vectors: tuple[Mapping[str, str], set[str]]) -> str:
    dense, sparse = vectors
    names = [f"{name or '(unnamed)'} ({kind})" for name, kind in sorted(dense.items())]
    names += [f"{name} (sparse)" for name in sorted(sparse)]
    return ", ".join(names) or "(none)"
