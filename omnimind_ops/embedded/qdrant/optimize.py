"""Build a collection's HNSW index offline: it takes minutes in which the engine would not let a server answer anything."""

from __future__ import annotations

import sys

from .errors import ApiError
from .settings import Settings
from .storage.directory import Storage


def optimize_collection(settings: Settings, name: str) -> int:
    """Merge segments and build what the collection's configuration asks for; the exit code."""
    storage = Storage(settings.storage_path)
    try:
        collection = storage.resolve(name)
        collection.shards.optimize()
        info = collection.shards.info()
        print(f"{collection.name}: {info.indexed_vectors_count} of {info.points_count} points indexed")
        return 0
    except ApiError as error:
        print(f"qdrant: cannot optimize: {error.text}", file=sys.stderr)
        return 1
    finally:
        storage.close()
