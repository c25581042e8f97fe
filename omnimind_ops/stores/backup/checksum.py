"""The checksum beside a backup: FILE.checksum, as Qdrant writes it, or FILE.sha256, as `sha256sum FILE` prints it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from omnimind_ops.model.problem import Problem

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def verify_checksum(path: Path) -> bool:
    """Compare a file with the SHA-256 beside it; False when there is none. Problem with both when they differ."""
    verified = False
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
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != found.group().lower():
            raise Problem(
                f"cannot use {path}",
                f"its SHA-256 is {actual}, but {beside.name} says {found.group().lower()}: it was changed since",
                "copy it again from where it was made, or use another backup",
            )
        verified = True
    return verified
