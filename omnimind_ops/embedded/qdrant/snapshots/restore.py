"""Recover collections from snapshot files before serving: `--snapshot` and `--storage-snapshot`."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from omnimind_ops.embedded.qdrant.errors import ApiError
from omnimind_ops.embedded.qdrant.storage.directory import Storage
from omnimind_ops.embedded.qdrant.storage.files import read_json, remove_tree

from .unpack import unpack_collection


class RestoreError(Exception):
    """A snapshot cannot be recovered; the text says which and why."""


@dataclass(frozen=True)
class Wanted:
    """Snapshots to recover, each with its collection, or one of everything; `force` replaces what is there."""

    snapshots: tuple[tuple[Path, str], ...] = ()
    everything: Path | None = None
    force: bool = False


def recover(storage: Storage, wanted: Wanted) -> None:
    """Recover what is wanted; the storage must be open."""
    scratch = storage.scratch / str(uuid4())
    try:
        if wanted.everything is not None:
            aliases, files = _opened(wanted.everything, scratch)
            _each(storage, files, wanted.force)
            storage.set_aliases(aliases)
        _each(storage, wanted.snapshots, wanted.force)
    finally:
        remove_tree(scratch)


def _opened(snapshot: Path, scratch: Path) -> tuple[dict[str, str], list[tuple[Path, str]]]:
    """A full snapshot's aliases and collection snapshots."""
    try:
        with tarfile.open(snapshot, "r:") as tar:
            tar.extractall(scratch, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RestoreError(f"{snapshot} cannot be opened: {error}") from error
    config = read_json(scratch / "config.json")
    if not isinstance(config, dict) or "collections_mapping" not in config:
        raise RestoreError(f"{snapshot} is no full snapshot: its config.json names no collections")
    files = [(scratch / file, name) for name, file in config["collections_mapping"].items()]
    return dict(config.get("collections_aliases") or {}), files


def _each(storage: Storage, snapshots: Iterable[tuple[Path, str]], force: bool) -> None:
    for file, name in snapshots:
        if name in storage.collections and not force:
            raise RestoreError(f"Collection {name} already exists. Use --force-snapshot to overwrite it.")
        beside = storage.scratch / str(uuid4())
        try:
            unpack_collection(file, beside, storage.peer)
            storage.put(name, beside)
        except (ApiError, OSError) as error:
            raise RestoreError(f"collection {name} cannot be recovered from {file}: {error}") from error
        finally:
            remove_tree(beside)
