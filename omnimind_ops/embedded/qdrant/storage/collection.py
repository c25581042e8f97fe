"""One collection: its configuration files and its engine shards.

Everything here is synchronous and runs in worker threads. Whoever changes the collection takes `writing` (one at a
time, like the real server's update queue). The engine holds Python's global lock for the duration of a call, so writes
are sliced: health checks and queries run in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.convert import configs, indexes
from omnimind_ops.embedded.qdrant.errors import ApiError, bad_request, engine_errors

from . import era, vector_names
from .files import read_json, sync_tree, write_json
from .peer import SHARD_CONFIG, replica_state
from .shards import Shards

Item = TypeVar("Item")

FLOATS_PER_SLICE = 100_000
"""About 4 ms of engine time per slice for vectors of 384 floats."""
IDS_PER_SLICE = 1_000
SCROLL_PAGE = 10_000
PLACEHOLDER = "placeholder"
VERSION = "0.4.2"
"""The real server's version of the collection format; the same since 1.3."""


class Collection:
    """An open collection."""

    def __init__(self, path: Path, shards: Shards, config: dict[str, Any], schemas: dict[str, Any]) -> None:
        self.path = path
        self.name = path.name
        self.shards = shards
        self.config = config
        self.schemas = schemas
        self.schema = configs.schema(config)
        self.writing = asyncio.Lock()
        self.operations = 0
        self.flushed = 0

    @classmethod
    def create(cls, path: Path, config: dict[str, Any], peer: int) -> None:
        """Write an empty collection at `path`; the caller moves it into place and opens it there."""
        for number in range(int(config["params"]["shard_number"])):
            _create_shard(path / str(number), config, peer)
        write_json(path / "payload_index.json", {"schema": {}})
        write_json(path / "shard_key_mapping.json", [])
        (path / "version.info").write_text(VERSION, encoding="utf-8")
        write_json(path / "config.json", config)

    @classmethod
    def open(cls, path: Path) -> Collection:
        """Open a collection of the stand-in or a real server; UnreadableStorageError when this engine cannot read
        it.
        """
        config = read_json(path / "config.json")
        if config is None:
            raise era.UnreadableStorageError(f"{path}: no config.json, so it is no collection")
        folders = shard_folders(path)
        numbers, wanted = [int(folder.name) for folder in folders], int(config["params"].get("shard_number") or 1)
        if numbers != list(range(wanted)):
            raise era.UnreadableStorageError(
                f"{path}: its configuration speaks of {wanted} shards, there are {numbers}"
            )
        try:
            for folder in folders:
                era.check_shard(folder)
        except era.UnreadableStorageError as error:
            raise era.UnreadableStorageError(f"{path}: {error}") from None
        try:
            with engine_errors():
                shards = Shards({int(folder.name): edge.EdgeShard.load(str(folder)) for folder in folders})
        except ApiError as error:
            raise era.UnreadableStorageError(f"{path}: {error.text}") from error
        schemas = (read_json(path / "payload_index.json") or {}).get("schema") or {}
        return cls(path, shards, config, schemas)

    def close(self) -> None:
        """Write everything to disk and close the files."""
        self.shards.flush()
        self.shards.close()

    @property
    def dirty(self) -> bool:
        """Return whether there are changes since the last flush."""
        return self.flushed != self.operations

    def sync(self) -> None:
        """Sync the files to disk: the slow part of a flush, which blocks nobody and needs no `writing`."""
        for folder in shard_folders(self.path):
            sync_tree(folder)

    def flush(self) -> None:
        """Make the engine write its data and shorten its log."""
        with engine_errors():
            self.shards.flush()
        self.flushed = self.operations

    def apply(self, operation: edge.UpdateOperation) -> None:
        """Apply one change to all shards; it is in the write-ahead log when this returns."""
        self.operations += 1
        with engine_errors():
            self.shards.update(operation)

    def apply_sliced(
        self,
        items: Sequence[Item],
        size: int,
        operation: Callable[[Sequence[Item]], edge.UpdateOperation],
        id_of: Callable[[Item], Any],
    ) -> None:
        """Apply one change to some points, in slices of at most `size` items."""
        if not items:
            raise bad_request("Empty update request")
        for start in range(0, len(items), size):
            self.operations += 1
            with engine_errors():
                self.shards.apply(items[start : start + size], id_of, operation)

    @property
    def points_per_slice(self) -> int:
        """Return the maximum number of points per engine call."""
        return max(1, FLOATS_PER_SLICE // self.schema.floats)

    def matching(self, filter: edge.Filter | None) -> Iterator[list[Any]]:
        """Yield the engine's ids of all matching points, page by page; the collection must not change meanwhile."""
        offset: Any = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=SCROLL_PAGE, filter=filter, with_payload=False, with_vector=False
            )
            with engine_errors():
                page, offset = self.shards.scroll(SCROLL_PAGE, None, request)
            yield [record.id for record in page]
            if offset is None:
                return

    def create_index(self, field: str, schema: Any) -> None:
        """Index a payload field. This blocks the server while it reads all payloads (about a second per million
        points).
        """
        self.apply(edge.UpdateOperation.create_field_index(field, indexes.schema_in(schema)))
        self.schemas = {**self.schemas, field: schema}
        write_json(self.path / "payload_index.json", {"schema": self.schemas})

    def delete_index(self, field: str) -> None:
        """Delete the index of a payload field."""
        self.apply(edge.UpdateOperation.delete_field_index(field))
        self.schemas = {name: schema for name, schema in self.schemas.items() if name != field}
        write_json(self.path / "payload_index.json", {"schema": self.schemas})

    def add_vector(self, name: str, request: Mapping[str, Any]) -> None:
        """Add a named vector."""
        if result := vector_names.added(self.config, name, request):
            self._reshape(*result)

    def remove_vector(self, name: str) -> None:
        """Remove a named vector from all points."""
        self._reshape(*vector_names.removed(self.config, name))

    def _reshape(self, config: dict[str, Any], operation: edge.UpdateOperation) -> None:
        self.apply(operation)
        self.config, self.schema = config, configs.schema(config)
        write_json(self.path / "config.json", config)

    def configure(self, request: Mapping[str, Any]) -> None:
        """Change the configuration by a PATCH request."""
        self.config = configs.patch(self.config, request)
        write_json(self.path / "config.json", self.config)

    def info(self) -> dict[str, Any]:
        """Return the result of `GET /collections/{name}`."""
        info = self.shards.info()
        shown = {name: value for name, value in self.config.items() if name != "uuid"}
        for name in ("strict_mode_config", "metadata"):
            if shown.get(name) is None:
                shown.pop(name, None)
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "config": shown,
            "payload_schema": {field: self._index(field, index) for field, index in info.payload_schema.items()},
            "update_queue": {"length": 0},
        }

    def _index(self, field: str, index: Any) -> dict[str, Any]:
        schema = self.schemas.get(field) or indexes.schema_out(index.data_type)
        out: dict[str, Any] = {"data_type": indexes.type_name(schema), "points": index.points}
        if isinstance(schema, dict):
            out["params"] = schema
        return out


def shard_folders(path: Path) -> list[Path]:
    """Return the shards of a collection, by number."""
    return sorted(
        (entry for entry in path.iterdir() if entry.is_dir() and entry.name.isdigit()),
        key=lambda entry: int(entry.name),
    )


def _create_shard(path: Path, config: Mapping[str, Any], peer: int) -> None:
    """Create an empty shard. The engine needs at least one vector: without any, a placeholder is created and
    removed.
    """
    path.mkdir(parents=True)
    with engine_errors():
        shard = edge.EdgeShard.create(str(path), configs.engine(config, PLACEHOLDER))
        if not configs.has_vectors(config):
            shard.update(edge.UpdateOperation.delete_vector_name(PLACEHOLDER))
        shard.flush()
        shard.close()
    write_json(path / "shard_config.json", SHARD_CONFIG)
    write_json(path / "replica_state.json", replica_state(peer))
