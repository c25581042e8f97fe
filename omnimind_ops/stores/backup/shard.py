"""Collection files for a shard snapshot, which lacks them. The configuration is given; the rest is read from its
segments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.contents import Contents
from omnimind_ops.stores.backup.tar import damage

VERSION = "0.4.2"
"""Version of the collection format: the same in every Qdrant since 1.3."""
_PARTS = (
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
    config = config_of(path)
    if config is None:
        raise Problem(
            f"cannot use {path} as a collection's configuration",
            "it holds no params of a collection" if path.is_file() else "there is no such file",
            "pass config.json of the collection's directory, or what GET /collections/NAME answers",
        )
    return config


def config_of(path: Path) -> Mapping[str, Any] | None:
    """Return a configuration from a file; None when the file holds none."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    for key in ("result", "config"):
        said = said[key] if isinstance(said, Mapping) and isinstance(said.get(key), Mapping) else said
    return said if isinstance(said, Mapping) and isinstance(said.get("params"), Mapping) else None


def collection_files(name: str, contents: Contents, config: Mapping[str, Any] | None, archive: str) -> dict[str, str]:
    """Return the files of the collection's directory by path; Problem without its configuration, or with a wrong
    one.
    """
    if config is None:
        raise Problem(
            f"cannot restore {archive}",
            f"a shard snapshot holds no config.json, and no running Qdrant has a collection {name} to take it from",
            "pass the collection's configuration (--qdrant-collection-config FILE), or use a collection snapshot",
        )
    params = config.get("params") or {}
    count = int(params.get("shard_number") or 1)
    if count != 1:
        raise Problem(
            f"cannot restore {archive}",
            f"collection {name} has {count} shards, and this is a snapshot of one of them",
            "make a snapshot of the collection: POST /collections/NAME/snapshots",
        )
    home = f"collections/{name}"
    indexes: dict[str, Any] = {}
    for path, said in contents.small.items():
        with damage(archive):
            found = json.loads(said) if path.endswith(("/segment.json", "/payload_index/config.json")) else {}
        if path.endswith("/segment.json"):
            _same_vectors(found.get("config") or {}, params, archive, name)
        indexes |= found.get("indexed_fields") or {}
    return {
        f"{home}/config.json": json.dumps({key: config[key] for key in _PARTS if key in config}),
        f"{home}/payload_index.json": json.dumps({"schema": indexes}),
        f"{home}/version.info": VERSION,
    }


def _same_vectors(segment: Mapping[str, Any], params: Mapping[str, Any], archive: str, name: str) -> None:
    held = dict(_sizes(segment.get("vector_data") or {})), set(segment.get("sparse_vector_data") or {})
    vectors = params.get("vectors") or {}
    wanted = dict(_sizes({"": vectors} if "size" in vectors else vectors)), set(params.get("sparse_vectors") or {})
    if held != wanted:
        raise Problem(
            f"cannot restore {archive} as {name}",
            f"it holds vectors {_words(held)}, but the collection's configuration says {_words(wanted)}",
            "pass the configuration that the snapshot's collection had: --qdrant-collection-config FILE",
        )


def _sizes(vectors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, vector in vectors.items():
        yield name, f"{vector.get('size')} {vector.get('distance')}"


def _words(vectors: tuple[Mapping[str, str], set[str]]) -> str:
    dense, sparse = vectors
    shown = [f"{name or '(unnamed)'} ({kind})" for name, kind in sorted(dense.items())] + [
        f"{name} (sparse)" for name in sorted(sparse)
    ]
    return ", ".join(shown) or "(none)"
