"""What a tree says, apart from where it lies: names, kinds and bytes. No owners, modes, times or holes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import xxhash

from omnimind_ops.stores.files.walk import Kind


@dataclass(frozen=True, slots=True)
class Content:
    """One name: `digest` is xxh3_128 of a file's bytes, the bytes a link holds (hex), "" for a directory."""

    path: str
    kind: Kind
    size: int
    digest: str


def content_digest(contents: Iterable[Content]) -> str:
    """Return one digest (xxh3_128, hex) over names, kinds and bytes, in the order of the names as bytes."""
    digest = xxhash.xxh3_128()
    for name, content in sorted(
        ((os.fsencode(content.path), content) for content in contents), key=lambda pair: pair[0]
    ):
        digest.update(
            b"\0".join((name, content.kind.value.encode(), str(content.size).encode(), content.digest.encode(), b"\n"))
        )
    return digest.hexdigest()
