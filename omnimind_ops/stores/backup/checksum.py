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
from omnimind_ops.stores.backup.tar import BZIP2, GZIP, XZ, ZSTD, check_frames

_XZ_FLAGS = 7
"""Position of the byte that names the checksum of an xz stream, 0 for none."""
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def embedded_checksum(path: Path) -> Checksum:
    """Return whether the compression of a file contains a checksum of the content. The file must already be read to its
    end.
    """
    with path.open("rb") as file:
        head = file.read(_XZ_FLAGS + 1)
        inside = head.startswith((GZIP, BZIP2)) or (head.startswith(XZ) and head[_XZ_FLAGS] != 0)
        inside = inside or (head.startswith(ZSTD) and check_frames(file))
    return Checksum.INSIDE if inside else Checksum.ABSENT


def verify_checksum(path: Path, reported: str = "") -> bool:
    """Compare a file with the SHA-256 beside it, and with `reported`, the SHA-256 from the server that made it.

    Return False when there is neither. Problem with both values when they differ.
    """
    expected = [*_checksum_files(path), *([("the Qdrant server that made it", reported.lower())] if reported else [])]
    if not expected:
        return False
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    for source, digest in expected:
        if actual != digest:
            raise Problem(
                f"cannot use {path}",
                f"its SHA-256 is {actual}, but {source} says {digest}: the file has changed since it was made",
                "copy it again from the machine that made it, or use another backup",
            )
    return True


def _checksum_files(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and content of each checksum file."""
    for suffix in (".checksum", ".sha256"):
        beside = path.with_name(path.name + suffix)
        if not beside.is_file():
            continue
        match = _SHA256.match(beside.read_text(encoding="utf-8", errors="replace").strip())
        if not match:
            raise Problem(
                f"cannot verify {path}",
                f"{beside.name} does not contain a SHA-256",
                f"copy {beside.name} again from the machine that made the backup, or remove it",
            )
        yield beside.name, match.group().lower()
