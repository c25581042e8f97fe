"""Checksum: what tells of a bit that changed in a backup since it was made, and how a person is told."""

from __future__ import annotations

from enum import StrEnum


class Checksum(StrEnum):
    """What covers a backup."""

    VERIFIED = "verified"  # a SHA-256 beside it, or that the server which made it tells, and which is the file's
    INSIDE = "inside"  # what gzip and zstd write for themselves, and compare when the file is read
    ABSENT = "absent"
    FOLDER = "folder"  # no file that could have one


SAID = {
    Checksum.VERIFIED: "its SHA-256 is the one that was written down when it was made",
    Checksum.INSIDE: "its compression has a checksum, which is the content's",
    Checksum.ABSENT: "no checksum lies beside it: a bit that flipped since it was made, or a segment left out whole, cannot be seen",
    Checksum.FOLDER: "a folder has no checksum: a bit that flipped since it was made, or a segment left out whole, cannot be seen",
}
"""In words, about a backup that was read."""

UNSEEN = (Checksum.ABSENT, Checksum.FOLDER)
"""Those with which a point can have another value, or a deleted one be back, and nobody can tell."""
