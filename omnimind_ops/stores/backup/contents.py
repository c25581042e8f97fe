"""Contents of a backup, by their names in a storage directory, and the check that all files a server needs are
there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import segments
from omnimind_ops.stores.backup.tar import damaged
from omnimind_ops.stores.json_object import as_object, parse_object

T = TypeVar("T")
ALIASES = "aliases/data.json"
_READ_FILES = ("config.json", "shard_key_mapping.json", "replica_state.json", ALIASES, *segments.READ_FILES)


class Contents:
    """Names of files and folders, and the bytes of the small files that list other required files."""

    def __init__(self, archive: str) -> None:
        self.archive = archive
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.small_files: dict[str, bytes] = {}

    def add(self, path: str, read: Callable[[], bytes] | None) -> None:
        """Record a file, or a folder when `read` is None. Problem for a duplicate file or an interrupted restore."""
        self.folders.update(str(parent) for parent in PurePosixPath(path).parents)
        if read is None:
            self.folders.add(path)
            return
        if path in self.files:
            raise damaged(self.archive, f"it contains {path} twice")
        if PurePosixPath(path).match("collections/*/shard_*.initializing"):
            raise Problem(
                f"cannot use {self.archive}",
                f"{path} marks an interrupted restore: this shard would load empty",
                "restore the collection on the old server first, or use another backup",
            )
        self.files.add(path)
        if path.endswith(_READ_FILES):
            self.small_files[path] = read()

    def collections(self) -> tuple[str, ...]:
        """Return the names of the collections."""
        return tuple(sorted({path.split("/")[1] for path in self.folders if path.startswith("collections/")}))

    def aliases(self) -> dict[str, str]:
        """Return the collection of each alias."""
        return {str(alias): str(target) for alias, target in self._read_object(ALIASES).items()}

    def points(self) -> dict[str, int]:
        """Return the largest possible number of points of each collection: deleted ones that are still stored included.

        A collection is left out when the small files do not contain the number.
        """
        points = {}
        for name in self.collections():
            counts = self._stored_points(name)
            known = [count for count in counts if count is not None]
            if len(known) == len(counts):
                points[name] = sum(known)
        return points

    def _stored_points(self, collection: str) -> list[int | None]:
        """Return the number of vectors in each segment of a collection; with None for one that does not say it."""
        segment = re.compile(rf"(collections/{re.escape(collection)}/[^/]+/segments/[^/.]+)/segment\.json")
        results = [match[1] for match in map(segment.fullmatch, self.small_files) if match]
        return [self._vectors_in(folder) for folder in results]

    def _vectors_in(self, segment: str) -> int | None:
        status = re.compile(rf"{re.escape(segment)}/vector_storage[^/]*/vectors/status\.dat")
        counts = [int.from_bytes(data, "little") for path, data in self.small_files.items() if status.fullmatch(path)]
        return max(counts, default=None)

    def check(self, *, snapshot: bool, aliases: bool = False) -> None:
        """Raise Problem when a collection lacks files that a server needs to load it. With `aliases`, the alias file is
        also required.

        Every segment must be complete. A directory on disk may also contain segments that a server removes at its next
        start: a segment that it was deleting, and a segment that it had begun and that holds no point.
        """
        for name in self.collections():
            collection = f"collections/{name}"
            config = self._read_object(f"{collection}/config.json")
            self._require(f"{collection}/version.info", self.files)
            if snapshot or self._has_payload_index(collection):
                self._require(f"{collection}/payload_index.json", self.files)
            for shard in sorted(self._shard_ids(collection, config)):
                self._check_shard(f"{collection}/{shard}", snapshot)
        if aliases:
            self._check_aliases()

    def _check_aliases(self) -> None:
        if ALIASES not in self.files:
            raise Problem(
                f"cannot use {self.archive}",
                f"{ALIASES} is missing. Qdrant always writes this file when it starts; without it, all aliases "
                "would be lost",
                f"copy it again from the machine that made it; if there were no aliases, add a file {ALIASES} with the "
                "content {}",
            )
        if missing := sorted(set(self.aliases().values()) - set(self.collections())):
            raise damaged(self.archive, f"collections/{missing[0]}, the target of an alias, is missing")

    def _has_payload_index(self, collection: str) -> bool:
        """Return whether a segment of the collection has a payload index; the list of indexes is then a separate
        file.
        """
        suffix = "/payload_index/config.json"
        configs = (path for path in self.small_files if path.startswith(f"{collection}/") and path.endswith(suffix))
        return any(self._read_object(path).get("indexed_fields") for path in configs)

    def _shard_ids(self, collection: str, config: Mapping[str, Any]) -> set[int]:
        try:
            params = as_object(config.get("params"))
        except ValueError as error:
            raise damaged(self.archive, f"{collection}/config.json has no params") from error
        if params.get("sharding_method") == "custom":
            return self._decode(f"{collection}/shard_key_mapping.json", _parse_shard_ids)
        return set(range(int(params.get("shard_number") or 1)))

    def _check_shard(self, shard: str, snapshot: bool) -> None:
        state = self._read_object(f"{shard}/replica_state.json")
        if state.get("is_local") is False:
            raise Problem(
                f"cannot use {self.archive}",
                f"{shard} is not in it: this shard was on another node of a cluster",
                "move all shards to one node (POST /collections/NAME/cluster with move_shard), then make the backup "
                "there",
            )
        self._require(f"{shard}/shard_config.json", self.files)
        self._require(f"{shard}/segments", self.folders)
        self._require(f"{shard}/wal", self.folders)
        if not any(path.startswith((f"{shard}/wal/open-", f"{shard}/wal/closed-")) for path in self.files):
            raise damaged(self.archive, f"{shard}/wal contains no write-ahead log")
        names = [
            PurePosixPath(folder).name
            for folder in self.folders
            if str(PurePosixPath(folder).parent) == f"{shard}/segments"
        ]
        complete = 0
        for name in sorted(name for name in names if not name.startswith(".")):
            complete += self._check_segment(f"{shard}/segments/{name}", snapshot)
        if not complete:
            raise damaged(self.archive, f"{shard} has no segment")

    def _check_segment(self, segment: str, snapshot: bool) -> bool:
        """Return True for a complete segment, False for one that a server removes at its next start."""
        if not snapshot and segments.is_being_deleted(segment):
            return False

        def has(name: str) -> bool:
            return f"{segment}/{name}" in self.files

        def read(name: str) -> bytes:
            return self.small_files[f"{segment}/{name}"]

        try:
            name = segments.missing_file(has, read).split("|")[0]
            if name and not snapshot and segments.is_unfinished_and_empty(has, read):
                return False
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise damaged(self.archive, f"cannot read the configuration of {segment} ({error})") from error
        if name and not snapshot:
            raise self._incomplete_segment(segment, name)
        if name:
            raise damaged(self.archive, f"{segment}/{name} is missing")
        return True

    def _incomplete_segment(self, segment: str, name: str) -> Problem:
        return Problem(
            f"cannot use {self.archive}",
            f"{segment}/{name} is missing: Qdrant would drop or misread this segment and lose its points",
            "copy it again from the machine that made it, or use another backup. If that Qdrant was killed, start it "
            "again on its storage, stop it when it has loaded everything, and make a new backup",
        )

    def _read_object(self, path: str) -> Mapping[str, Any]:
        return self._decode(path, parse_object)

    def _decode(self, path: str, decode: Callable[[bytes], T]) -> T:
        self._require(path, self.files)
        try:
            return decode(self.small_files[path])
        except ValueError as error:
            raise damaged(self.archive, f"cannot read {path}: {error}") from error

    def _require(self, path: str, names: set[str]) -> None:
        if path not in names:
            raise damaged(self.archive, f"{path} is missing")


def read_directory(root: Path, prefix: str, archive: str) -> Contents:
    """Return the contents of a directory on disk, with `prefix` ("" or "collections/NAME/") before each name."""
    contents = Contents(archive)
    for path, is_folder in _walk(root):
        name = prefix + path.relative_to(root).as_posix()
        contents.add(name, None if is_folder else path.read_bytes)
    return contents


def _parse_shard_ids(content: bytes) -> set[int]:
    """Return the shard ids in a shard_key_mapping.json: an object of lists, or a list of objects with `shard_ids`."""
    mapping = json.loads(content)
    lists = mapping.values() if isinstance(mapping, dict) else [key.get("shard_ids") or [] for key in mapping]
    return {int(shard) for shards in lists for shard in shards}


def _walk(root: Path) -> Iterator[tuple[Path, bool]]:
    for folder, names, files in os.walk(root):
        yield from ((Path(folder) / name, True) for name in names)
        yield from ((Path(folder) / name, False) for name in files)
