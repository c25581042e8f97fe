"""Content of a tree, independent of its location: names, kinds and bytes. Without owners, modes, times or holes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import xxhash

from omnimind_ops.stores.files.walk import Kind


@dataclass(frozen=True, slots=True)
class Content:
    """One name. `digest` is xxh3_128 of a file's bytes, the target of a link as hex bytes, "" for a directory."""

    path: str
    kind: Kind
    size: int
    digest: str


def content_digest(contents: Iterable[Content]) -> str:
    """Return one digest (xxh3_128, hex) over names, kinds and bytes, sorted by name as bytes."""
    digest = xxhash.xxh3_128()
    for name, content in sorted(
        ((os.fsencode(content.path), content) for content in contents), key=lambda pair: pair[0]
    ):
        digest.update(
            b"\0".join((name, content.kind.value.encode(), str(content.size).encode(), content.digest.encode(), b"\n"))
        )
    return digest.hexdigest()
