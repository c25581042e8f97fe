"""Checksum: what detects a bit that changed in a backup since it was made, and the messages about it."""

from __future__ import annotations

from enum import StrEnum


class Checksum(StrEnum):
    """What covers a backup."""

    VERIFIED = "verified"  # the file matches a SHA-256 stored beside it or reported by the server that made it
    INSIDE = "inside"  # the checksums that gzip and zstd write, and verify when the file is read
    ABSENT = "absent"
    FOLDER = "folder"  # not a file, so it cannot have one


_UNDETECTED = "a bit that flipped since it was made, or a missing segment, cannot be detected"
DESCRIPTIONS = {
    Checksum.VERIFIED: "its SHA-256 matches the one recorded when it was made",
    Checksum.INSIDE: "its compression format contains a checksum of the content",
    Checksum.ABSENT: f"it has no checksum: {_UNDETECTED}",
    Checksum.FOLDER: f"a folder has no checksum: {_UNDETECTED}",
}
"""Messages about a backup that was read."""

UNPROTECTED = (Checksum.ABSENT, Checksum.FOLDER)
"""With these, a changed point or a restored deleted one goes unnoticed."""
