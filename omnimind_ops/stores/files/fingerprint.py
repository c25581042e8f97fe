"""Fingerprint of a tree: number of files, directories, links and bytes, and digests of names and bytes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.content import Content, content_digest
from omnimind_ops.stores.files.sparse import BUFFER, hash_data
from omnimind_ops.stores.files.walk import Entry, Kind, Tree, open_quietly, printable, walk

_MAX_PARTS = 64


def tree_fingerprint(path: Path, *, threads: int = 2) -> Fingerprint:
    """Read all of a tree and return its number of files, directories, links and bytes, and digests of names and bytes.

    Equal for two trees when all names and all bytes are equal; owners, modes, times and holes do not count. When the
    tree has at most 64 names at its top, each has a separate digest, which shows where a difference is. Problem when
    something cannot be read.
    """
    return fingerprint_of(walk(path), threads=threads)


def fingerprint_of(tree: Tree, *, threads: int = 2) -> Fingerprint:
    """Read all of a walked tree; see `tree_fingerprint`."""
    files = list(tree.of(Kind.FILE))
    with ThreadPoolExecutor(max(1, threads), "hash") as pool:
        digests = list(pool.map(lambda part: _hash_files(tree, part), (files[i::threads] for i in range(threads))))
    contents = [_folder_or_link(tree, entry) for entry in tree.entries.values() if entry.kind is not Kind.FILE]
    contents += [content for part in digests for content in part]
    counts = {
        "files": len(files),
        "directories": sum(1 for _ in tree.of(Kind.FOLDER)) - 1,
        "links": sum(1 for _ in tree.of(Kind.LINK)),
        "bytes": tree.apparent,
    }
    return Fingerprint("files", counts, {"tree": content_digest(contents), **_top_level_digests(contents)})


def _hash_files(tree: Tree, files: list[Entry]) -> list[Content]:
    buffer = bytearray(BUFFER)
    return [
        Content(entry.path, Kind.FILE, entry.size, _hash_file(tree.root / entry.path, entry, buffer)) for entry in files
    ]


def _hash_file(path: Path, entry: Entry, buffer: bytearray) -> str:
    try:
        handle = open_quietly(path, os.O_RDONLY)
        try:
            return hash_data(handle, entry.size, buffer)
        finally:
            os.close(handle)
    except OSError as error:
        raise Problem(
            f"cannot read {printable(str(path))}",
            str(error),
            "check its permissions and the disk, and that no program changes it at the same time",
        ) from error


def _folder_or_link(tree: Tree, entry: Entry) -> Content:
    if entry.kind is Kind.FOLDER:
        return Content(entry.path, entry.kind, 0, "")
    return Content(entry.path, entry.kind, 0, os.fsencode(os.readlink(tree.root / entry.path)).hex())


def _top_level_digests(contents: list[Content]) -> dict[str, str]:
    parts: dict[str, list[Content]] = {}
    for content in contents:
        if content.path:
            parts.setdefault(content.path.split("/", 1)[0], []).append(content)
    if len(parts) > _MAX_PARTS:
        return {}
    return {f"top: {printable(name)}": content_digest(part) for name, part in parts.items()}
