"""The name of an archive's or a compression's format, by its first bytes."""

from __future__ import annotations

from pathlib import Path

_MAGIC = (
    (b"\x1f\x8b", "gzip data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"LZIP", "lzip data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
)
TAR = "a tar archive"
_TAR_AT = 257


def archive_kind(path: Path) -> str:
    """Return what a file is, e.g. "a zip archive"; "" for anything that is no archive."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return TAR
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")
