"""Files that a segment must have according to its segment.json. The check is needed because Qdrant opens a segment
without payloads as an empty one. Pure.

Checked with the sources of 1.15.5 and 1.18.3 (lib/segment/src/segment_constructor) and with edge 0.9. Storage types
that are not named here are newer and have no requirements; the server that loads the backup checks them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omnimind_ops.stores.backup.leaves import LIST
from omnimind_ops.stores.backup.rocksdb import listed

Names = Callable[[str], bool]
"""Returns whether a segment has a file with this name."""
Read = Callable[[str], bytes]
"""Returns the bytes of a small file of a segment."""

_GRIDSTORE = ("config.json", "tracker.dat", "page_0.dat", "bitmask.dat", "gaps.dat")
SMALL = (
    "segment.json",
    "segment_manifest.json",
    "payload_index/config.json",
    "vectors/config.json",
    "vectors/status.dat",
    LIST,
)
"""Name endings of the files that `lacking` reads."""


_DONE = "version.info"
"""Written last: a server that loads the shard deletes a segment without it."""
_TRACKERS = ("id_tracker.mappings", "mutable_id_tracker.mappings", "CURRENT")
"""Files with the ids of a segment's points."""


def dropped(name: str) -> bool:
    """Return whether a server was deleting the segment in this folder: it renames the folder first."""
    return name.endswith(".deleted")


def begun(has: Names, read: Read) -> bool:
    """Return whether a segment is complete except for its version.info, and records that it holds no point.

    A server that is killed while it optimizes leaves such a segment: the one for writes during the optimization
    (`temp_segment(false)` in lib/collection/src/collection_manager/optimizers). ValueError as in `lacking`.
    """
    if has(_DONE) or not has("segment.json") or any(map(has, _TRACKERS)):
        return False
    vectors = dict(_vectors(_object(read("segment.json")).get("config") or {}))
    if not vectors or not all(_is_chunked(vector) for vector in vectors.values()):
        return False  # no file in it tells the number of points
    if lacking(lambda name: name == _DONE or has(name), read):
        return False
    return not any(has(f"{home}/vectors/chunk_0.mmap") or _count(read, home) for home in vectors)


def lacking(has: Names, read: Read) -> str:
    """Return the first file that a segment lacks, "" for none; ValueError when its segment.json cannot be read."""
    return next((name for name in _required(has, read) if not any(map(has, name.split("|")))), "")


def _required(has: Names, read: Read) -> Iterator[str]:
    """Yield the required names; "a|b" means either."""
    yield from ("segment.json", _DONE, "payload_index/config.json")
    config = _object(read("segment.json")).get("config") or {}
    yield from _payload(str((config.get("payload_storage_type") or {}).get("type")))
    points = 0
    for home, vector in _vectors(config):
        chunked = _is_chunked(vector)
        multi = bool(vector.get("multivector_config"))
        yield from _chunked(home, multi) if chunked else _dense(home, str(vector.get("storage_type")))
        if chunked:
            count = _count(read, home)
            size = int(_object(read(f"{home}/vectors/config.json")).get("chunk_size_vectors") or 1)
            yield from (f"{home}/vectors/chunk_{number}.mmap" for number in range(-(-count // size)))
            points = max(points, count)
    for name, vector in (config.get("sparse_vector_data") or {}).items():
        yield from _sparse(f"vector_storage-{name}" if name else "vector_storage", str(vector.get("storage_type")))
    if points:
        yield "id_tracker.mappings|mutable_id_tracker.mappings|CURRENT"
        yield "id_tracker.versions|mutable_id_tracker.versions|CURRENT"
    if has("id_tracker.mappings"):
        yield "id_tracker.deleted"
    yield from _lists(has, read)


def _vectors(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the folder and the configuration of each dense vector."""
    for name, vector in (config.get("vector_data") or {}).items():
        yield f"vector_storage-{name}" if name else "vector_storage", vector


def _is_chunked(vector: Mapping[str, Any]) -> bool:
    kind = str(vector.get("storage_type"))
    return kind.endswith("ChunkedMmap") or (bool(vector.get("multivector_config")) and kind.endswith("Mmap"))


def _count(read: Read, home: str) -> int:
    return int.from_bytes(read(f"{home}/vectors/status.dat"), "little")


def _payload(kind: str) -> Iterator[str]:
    if kind in ("mmap", "in_ram_mmap"):
        yield from (f"payload_storage/{name}" for name in _GRIDSTORE)
    elif kind in ("on_disk", "in_memory"):
        yield "CURRENT"


def _chunked(home: str, multi: bool) -> Iterator[str]:
    for part in ("vectors", "offsets") if multi else ("vectors",):
        yield from (f"{home}/{part}/config.json", f"{home}/{part}/status.dat")
    yield from _deleted(home)


def _dense(home: str, kind: str) -> Iterator[str]:
    if kind in ("Mmap", "InRamMmap"):
        yield from (f"{home}/matrix.dat", f"{home}/deleted.dat")
    elif kind == "Memory":
        yield "CURRENT"


def _sparse(home: str, kind: str) -> Iterator[str]:
    if kind == "mmap":
        yield from (f"{home}/store/{name}" for name in _GRIDSTORE)
        yield from _deleted(home)
    elif kind == "on_disk":
        yield "CURRENT"


def _deleted(home: str) -> Iterator[str]:
    yield from (f"{home}/deleted/status.dat", f"{home}/deleted/flags_a.dat|{home}/deleted/flags_b.dat")


def _lists(has: Names, read: Read) -> Iterator[str]:
    """Yield the names in the lists inside the segment: the list of a partial snapshot, and the lists of RocksDB
    backups.
    """
    if has("segment_manifest.json"):
        files = _object(read("segment_manifest.json")).get("file_versions") or {}
        yield from (str(name) for name in files if not str(name).startswith("::"))
    for home in ("", "payload_index/"):
        if has(f"{home}{LIST}"):
            yield from (f"{home}{name}" for name in listed(read(f"{home}{LIST}")))


def _object(said: bytes) -> Mapping[str, Any]:
    found = json.loads(said)
    if not isinstance(found, Mapping):
        raise ValueError("not an object")
    return found
