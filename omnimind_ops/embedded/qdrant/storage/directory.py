"""The storage directory: all collections, the aliases, the peer id, and the lock against a second server."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from omnimind_ops.embedded.qdrant.convert import configs
from omnimind_ops.embedded.qdrant.errors import conflict, no_collection, wrong_input

from .aliases import load_aliases, save_aliases
from .collection import Collection, shard_folders
from .era import UnreadableStorageError
from .files import read_json, remove_tree, sync_directory
from .peer import peer_id


class Storage:
    """An open storage directory. All collections are opened at start, as in the real server."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.home = self.path / "collections"
        self.scratch = self.path / "tmp"
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.path)
        self._recover_replaced()
        remove_tree(self.scratch)
        self.scratch.mkdir()
        self.peer = peer_id(self.path)
        self.aliases = load_aliases(self.path)
        results = sorted(entry for entry in self.home.iterdir() if entry.is_dir())
        self.collections = {entry.name: Collection.open(entry) for entry in results}

    def close(self) -> None:
        """Write everything to disk and release the directory."""
        for collection in self.collections.values():
            collection.close()
        os.close(self._lock)

    def resolve(self, name: str) -> Collection:
        """Return the collection with this name or alias."""
        result = self.collections.get(name) or self.collections.get(self.aliases.get(name, ""))
        if result is None:
            raise no_collection(name)
        return result

    def create(self, name: str, request: Mapping[str, Any]) -> None:
        """Create an empty collection; it is built in `scratch` and moved into place."""
        if name in self.collections:
            raise conflict(f"Collection `{name}` already exists!")
        if name in self.aliases:
            raise wrong_input(f"Can't create collection with name {name}. Alias with the same name already exists")
        config = configs.create(request, str(uuid4()))
        beside = self.scratch / str(uuid4())
        Collection.create(beside, config, self.peer)
        self.put(name, beside)

    def put(self, name: str, beside: Path) -> None:
        """Make the closed collection at `beside` (in `scratch`) the collection `name`, replacing an existing one.

        Shards that it lacks are copied from the existing one.
        The old one is kept under `tmp/replaced` until the new one is in place; `_recover_replaced` restores it after a
        crash in between.
        """
        old = self.collections.pop(name, None)
        replaced = self.scratch / "replaced" / name
        if old is not None:
            old.close()
            for folder in shard_folders(old.path):
                if not (beside / folder.name).exists() and not shard_count(beside) <= int(folder.name):
                    shutil.copytree(folder, beside / folder.name)
            replaced.parent.mkdir(exist_ok=True)
            old.path.rename(replaced)
        beside.rename(self.home / name)
        sync_directory(self.home)
        self.collections[name] = Collection.open(self.home / name)
        remove_tree(replaced)

    def delete(self, name: str) -> Path | None:
        """Remove a collection and its aliases; return the directory that the caller must still delete from the disk."""
        collection = self.collections.pop(name, None)
        if collection is None:
            return None
        collection.close()
        rest = self.scratch / str(uuid4())
        collection.path.rename(rest)
        sync_directory(self.home)
        self.set_aliases({alias: target for alias, target in self.aliases.items() if target != name})
        return rest

    def set_aliases(self, aliases: dict[str, str]) -> None:
        """Replace all aliases at once."""
        if aliases != self.aliases:
            save_aliases(self.path, aliases)
            self.aliases = aliases

    def _recover_replaced(self) -> None:
        for old in (self.scratch / "replaced").glob("*"):
            if not (self.home / old.name).exists():
                old.rename(self.home / old.name)


def shard_count(path: Path) -> int:
    """Return the number of shards in a collection's configuration."""
    return int(((read_json(path / "config.json") or {}).get("params") or {}).get("shard_number") or 1)


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise UnreadableStorageError(f"{path}: another server has this storage open") from None
    return handle
