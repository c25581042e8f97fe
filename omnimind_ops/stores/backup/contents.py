"""Contents of a backup, by their names in a storage directory, and the check that all files a server needs are
there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import segments
from omnimind_ops.stores.backup.tar import broken

ALIASES = "aliases/data.json"
_SMALL = ("config.json", "shard_key_mapping.json", "replica_state.json", ALIASES, *segments.SMALL)


class Contents:
    """Names of files and folders, and the bytes of the small files that list other required files."""

    def __init__(self, archive: str) -> None:
        self.archive = archive
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.small: dict[str, bytes] = {}

    def add(self, path: str, read: Callable[[], bytes] | None) -> None:
        """Record a file, or a folder when `read` is None. Problem for a duplicate file or an interrupted restore."""
        self.folders.update(str(parent) for parent in PurePosixPath(path).parents)
        if read is None:
            self.folders.add(path)
            return
        if path in self.files:
            raise broken(self.archive, f"{path} is in it twice")
        if PurePosixPath(path).match("collections/*/shard_*.initializing"):
            raise Problem(
                f"cannot use {self.archive}",
                f"{path} says that a restore was cut off: that shard would load empty",
                "restore the collection in the old server first, or use another backup",
            )
        self.files.add(path)
        if path.endswith(_SMALL):
            self.small[path] = read()

    def collections(self) -> tuple[str, ...]:
        """Return the names of the collections."""
        return tuple(sorted({path.split("/")[1] for path in self.folders if path.startswith("collections/")}))

    def check(self, *, snapshot: bool, whole: bool = False) -> None:
        """Raise Problem when a collection lacks files that a server needs to load it, or a `whole` storage lacks its
        aliases.

        Every segment must be complete. A directory on disk may also contain segments that a server removes at its next
        start: a segment that it was deleting, and a segment that it had begun and that holds no point.
        """
        for name in self.collections():
            home = f"collections/{name}"
            config = self._object(f"{home}/config.json")
            self._need(f"{home}/version.info", self.files)
            if snapshot or self._indexed(home):
                self._need(f"{home}/payload_index.json", self.files)
            for shard in sorted(self._shards(home, config)):
                self._check_shard(f"{home}/{shard}", snapshot)
        if whole:
            self._check_aliases()

    def _check_aliases(self) -> None:
        if ALIASES not in self.files:
            raise Problem(
                f"cannot use {self.archive}",
                f"{ALIASES} is missing in it, which every Qdrant writes when it starts: its aliases would be lost",
                f"copy it again from where it was made; if it had no aliases, put a file {ALIASES} into it that says {{}}",
            )
        targets = {str(target) for target in self._object(ALIASES).values()}
        if lost := sorted(targets - set(self.collections())):
            raise broken(self.archive, f"collections/{lost[0]} is missing in it, which has an alias")

    def _indexed(self, home: str) -> bool:
        """Return whether a segment of the collection has a payload index; the list of indexes is then a separate
        file.
        """
        ends = "/payload_index/config.json"
        ours = (path for path in self.small if path.startswith(f"{home}/") and path.endswith(ends))
        return any(self._object(path).get("indexed_fields") for path in ours)

    def _shards(self, home: str, config: Mapping[str, Any]) -> set[int]:
        params = config.get("params")
        if not isinstance(params, Mapping):
            raise broken(self.archive, f"{home}/config.json has no params")
        if params.get("sharding_method") == "custom":
            mapping = self._json(f"{home}/shard_key_mapping.json")
            lists = (
                mapping.values() if isinstance(mapping, Mapping) else [one.get("shard_ids") or [] for one in mapping]
            )
            return {int(shard) for shards in lists for shard in shards}
        return set(range(int(params.get("shard_number") or 1)))

    def _check_shard(self, shard: str, snapshot: bool) -> None:
        state = self._object(f"{shard}/replica_state.json")
        if state.get("is_local") is False:
            raise Problem(
                f"cannot use {self.archive}",
                f"{shard} is not in it: that shard was on another node of a cluster",
                "bring all shards to one node (omnimind's guide tells how), then make the backup there",
            )
        self._need(f"{shard}/shard_config.json", self.files)
        self._need(f"{shard}/segments", self.folders)
        self._need(f"{shard}/wal", self.folders)
        if not any(path.startswith((f"{shard}/wal/open-", f"{shard}/wal/closed-")) for path in self.files):
            raise broken(self.archive, f"{shard}/wal holds no part of the log")
        found = [
            PurePosixPath(folder).name
            for folder in self.folders
            if str(PurePosixPath(folder).parent) == f"{shard}/segments"
        ]
        begun = 0
        for segment in sorted(name for name in found if not name.startswith(".")):
            begun += self._check_segment(f"{shard}/segments/{segment}", snapshot)
        if not begun:
            raise broken(self.archive, f"{shard} has no segment")

    def _check_segment(self, segment: str, snapshot: bool) -> bool:
        """Return whether the segment counts."""

        if not snapshot and segments.dropped(segment):
            return False

        def has(name: str) -> bool:
            return f"{segment}/{name}" in self.files

        def read(name: str) -> bytes:
            return self.small[f"{segment}/{name}"]

        try:
            name = segments.lacking(has, read).split("|")[0]
            if name and not snapshot and segments.begun(has, read):
                return False
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise broken(self.archive, f"what {segment} says of itself cannot be read ({error})") from error
        if name and not snapshot:
            raise self._unfinished(segment, name)
        if name:
            raise broken(self.archive, f"{segment}/{name} is missing in it")
        return True

    def _unfinished(self, segment: str, name: str) -> Problem:
        return Problem(
            f"cannot use {self.archive}",
            f"{segment}/{name} is missing in it: Qdrant would drop or misread that segment, and its points with it",
            "copy it again from where it was made, or use another backup. If its Qdrant was killed at work, start that "
            "Qdrant once on the storage it comes from, stop it when it has loaded, and make the backup again",
        )

    def _object(self, path: str) -> Mapping[str, Any]:
        said = self._json(path)
        if not isinstance(said, Mapping):
            raise broken(self.archive, f"{path} cannot be read")
        return said

    def _json(self, path: str) -> Any:
        self._need(path, self.files)
        try:
            return json.loads(self.small[path])
        except ValueError as error:
            raise broken(self.archive, f"{path} cannot be read: {error}") from error

    def _need(self, path: str, names: set[str]) -> None:
        if path not in names:
            raise broken(self.archive, f"{path} is missing in it")


def of_directory(root: Path, below: str, archive: str) -> Contents:
    """Return the contents of a directory on disk, with names put below `below` ("" or "collections/NAME/")."""
    contents = Contents(archive)
    for path, folder in _walk(root):
        relative = below + path.relative_to(root).as_posix()
        contents.add(relative, None if folder else path.read_bytes)
    return contents


def _walk(root: Path) -> Iterator[tuple[Path, bool]]:
    for folder, names, files in os.walk(root):
        yield from ((Path(folder) / name, True) for name in names)
        yield from ((Path(folder) / name, False) for name in files)
