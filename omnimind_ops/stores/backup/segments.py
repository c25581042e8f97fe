"""Files that a segment must have according to its segment.json. The check is needed because Qdrant opens a segment
without payloads as an empty one. Pure.

Checked with the sources of 1.15.5 and 1.18.3 (lib/segment/src/segment_constructor) and with edge 0.9. Storage types
that are not named here are newer and have no requirements; the server that loads the backup checks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omnimind_ops.stores.backup.flatten import ROCKSDB_FILE_LIST
from omnimind_ops.stores.backup.rocksdb import parse_file_list
from omnimind_ops.stores.json_object import parse_object

HasFile = Callable[[str], bool]
"""Returns whether a segment has a file with this name."""
ReadFile = Callable[[str], bytes]
"""Returns the bytes of a small file of a segment."""

_GRIDSTORE = ("config.json", "tracker.dat", "page_0.dat", "bitmask.dat", "gaps.dat")
READ_FILES = (
    "segment.json",
    "segment_manifest.json",
    "payload_index/config.json",
    "vectors/config.json",
    "vectors/status.dat",
    ROCKSDB_FILE_LIST,
)
"""Name endings of the files that `missing_file` reads."""


_VERSION = "version.info"
"""Written last: a server that loads the shard deletes a segment without it."""
_TRACKERS = ("id_tracker.mappings", "mutable_id_tracker.mappings", "CURRENT")
"""Files with the ids of a segment's points."""


def is_being_deleted(name: str) -> bool:
    """Return whether a server was deleting the segment in this folder: it renames the folder first."""
    return name.endswith(".deleted")


def is_unfinished_and_empty(has: HasFile, read: ReadFile) -> bool:
    """Return whether a segment is complete except for its version.info, and records that it holds no point.

    A server that is killed while it optimizes leaves such a segment: the one for writes during the optimization
    (`temp_segment(false)` in lib/collection/src/collection_manager/optimizers). ValueError as in `missing_file`.
    """
    if has(_VERSION) or not has("segment.json") or any(map(has, _TRACKERS)):
        return False
    vectors = dict(_dense_vectors(parse_object(read("segment.json")).get("config") or {}))
    if not vectors or not all(_is_chunked(vector) for vector in vectors.values()):
        return False  # no file in it contains the number of points
    if missing_file(lambda name: name == _VERSION or has(name), read):
        return False
    return not any(has(f"{folder}/vectors/chunk_0.mmap") or _point_count(read, folder) for folder in vectors)


def missing_file(has: HasFile, read: ReadFile) -> str:
    """Return the first file that a segment lacks, "" for none; ValueError when its segment.json cannot be read."""
    return next((name for name in _required_files(has, read) if not any(map(has, name.split("|")))), "")


def _required_files(has: HasFile, read: ReadFile) -> Iterator[str]:
    """Yield the required names; "a|b" means either."""
    yield from ("segment.json", _VERSION, "payload_index/config.json")
    config = parse_object(read("segment.json")).get("config") or {}
    yield from _payload_files(str((config.get("payload_storage_type") or {}).get("type")))
    points = 0
    for folder, vector in _dense_vectors(config):
        chunked = _is_chunked(vector)
        multivector = bool(vector.get("multivector_config"))
        yield from (
            _chunked_files(folder, multivector) if chunked else _dense_files(folder, str(vector.get("storage_type")))
        )
        if chunked:
            count = _point_count(read, folder)
            size = int(parse_object(read(f"{folder}/vectors/config.json")).get("chunk_size_vectors") or 1)
            yield from (f"{folder}/vectors/chunk_{number}.mmap" for number in range(-(-count // size)))
            points = max(points, count)
    for name, vector in (config.get("sparse_vector_data") or {}).items():
        yield from _sparse_files(
            f"vector_storage-{name}" if name else "vector_storage", str(vector.get("storage_type"))
        )
    if points:
        yield "id_tracker.mappings|mutable_id_tracker.mappings|CURRENT"
        yield "id_tracker.versions|mutable_id_tracker.versions|CURRENT"
    if has("id_tracker.mappings"):
        yield "id_tracker.deleted"
    yield from _listed_files(has, read)


def _dense_vectors(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the folder and the configuration of each dense vector."""
    for name, vector in (config.get("vector_data") or {}).items():
        yield f"vector_storage-{name}" if name else "vector_storage", vector


def _is_chunked(vector: Mapping[str, Any]) -> bool:
    kind = str(vector.get("storage_type"))
    return kind.endswith("ChunkedMmap") or (bool(vector.get("multivector_config")) and kind.endswith("Mmap"))


def _point_count(read: ReadFile, folder: str) -> int:
    return int.from_bytes(read(f"{folder}/vectors/status.dat"), "little")


def _payload_files(kind: str) -> Iterator[str]:
    if kind in ("mmap", "in_ram_mmap"):
        yield from (f"payload_storage/{name}" for name in _GRIDSTORE)
    elif kind in ("on_disk", "in_memory"):
        yield "CURRENT"


def _chunked_files(folder: str, multivector: bool) -> Iterator[str]:
    for part in ("vectors", "offsets") if multivector else ("vectors",):
        yield from (f"{folder}/{part}/config.json", f"{folder}/{part}/status.dat")
    yield from _deleted_flag_files(folder)


def _dense_files(folder: str, kind: str) -> Iterator[str]:
    if kind in ("Mmap", "InRamMmap"):
        yield from (f"{folder}/matrix.dat", f"{folder}/deleted.dat")
    elif kind == "Memory":
        yield "CURRENT"


def _sparse_files(folder: str, kind: str) -> Iterator[str]:
    if kind == "mmap":
        yield from (f"{folder}/store/{name}" for name in _GRIDSTORE)
        yield from _deleted_flag_files(folder)
    elif kind == "on_disk":
        yield "CURRENT"


def _deleted_flag_files(folder: str) -> Iterator[str]:
    yield from (f"{folder}/deleted/status.dat", f"{folder}/deleted/flags_a.dat|{folder}/deleted/flags_b.dat")


def _listed_files(has: HasFile, read: ReadFile) -> Iterator[str]:
    """Yield the names in the lists inside the segment: the list of a partial snapshot, and the lists of RocksDB
    backups.
    """
    if has("segment_manifest.json"):
        files = parse_object(read("segment_manifest.json")).get("file_versions") or {}
        yield from (str(name) for name in files if not str(name).startswith("::"))
    for folder in ("", "payload_index/"):
        if has(f"{folder}{ROCKSDB_FILE_LIST}"):
            yield from (f"{folder}{name}" for name in parse_file_list(read(f"{folder}{ROCKSDB_FILE_LIST}")))
