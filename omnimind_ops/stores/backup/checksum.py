"""Checksum of a backup: FILE.checksum or FILE.sha256 beside it, or the checksum of its compression.

FILE.checksum and FILE.sha256 have the format of Qdrant or of `sha256sum FILE`. Qdrant's own files contain no checksum
of a point's values: without a separate checksum, a changed bit becomes another number or a deleted point that returns.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.tar import GZIP, ZSTD, check_frames

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def own_checksum(path: Path) -> Checksum:
    """Return whether the compression of a file contains a checksum of the content. The file must already be read to its
    end.
    """
    with path.open("rb") as file:
        magic = file.read(4)
        inside = magic.startswith(GZIP) or (magic == ZSTD and check_frames(file))
    return Checksum.INSIDE if inside else Checksum.ABSENT


def verify_checksum(path: Path, told: str = "") -> bool:
    """Compare a file with the SHA-256 beside it, and with `told`, the SHA-256 from the server that made it.

    Return False when there is neither. Problem with both values when they differ.
    """
    known = [*_beside(path), *([("the Qdrant that made it", told.lower())] if told else [])]
    if not known:
        return False
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    for who, digest in known:
        if actual != digest:
            raise Problem(
                f"cannot use {path}",
                f"its SHA-256 is {actual}, but {who} says {digest}: it was changed since",
                "copy it again from where it was made, or use another backup",
            )
    return True


def _beside(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and content of each checksum file."""
    for suffix in (".checksum", ".sha256"):
        beside = path.with_name(path.name + suffix)
        if not beside.is_file():
            continue
        found = _SHA256.match(beside.read_text(encoding="utf-8", errors="replace").strip())
        if not found:
            raise Problem(
                f"cannot verify {path}",
                f"{beside.name} holds no SHA-256",
                "copy it again from where the backup was made, or remove it",
            )
        yield beside.name, found.group().lower()
