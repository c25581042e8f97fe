"""The built files: read and compressed once, kept in memory.

Files that a build may leave behind but that are not public are excluded.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Fixed here, because the system's table of types differs between machines."""
COMPRESSED = frozenset({".png", ".webp", ".woff2"})
"""Already compressed."""
PRIVATE = frozenset({".map"})
"""A source map contains the source."""
MIN_COMPRESS_BYTES = 512
"""Below this size, the headers weigh more than compression saves."""
MAX_RATIO = 0.9
"""A compressed body must be smaller than this share of the uncompressed one."""
HASHED = "/assets/"
"""Folder of files whose names contain a hash of their content."""


@dataclass(frozen=True, eq=False)
class File:
    """One file: its type, its bodies by content coding, and whether its name changes with its content.

    The coding "" is uncompressed. Files are compared by identity, so that they can be cache keys.
    """

    kind: str
    bodies: Mapping[str, bytes]
    digest: str
    is_hashed: bool

    def etag(self, coding: str) -> str:
        """Return the entity tag of one body; each coding has its own (RFC 9110, 8.8.3)."""
        return f'"{self.digest}{"-" if coding else ""}{coding}"'

    @property
    def etags(self) -> frozenset[str]:
        """Return all entity tags under which a browser may have the file."""
        return frozenset(self.etag(coding) for coding in self.bodies)


def read(folder: Path) -> dict[str, File]:
    """Return the public files below a folder, by URL path. Empty if the folder is empty or missing."""
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        f"/{name.as_posix()}": file(f"/{name.as_posix()}", (folder / name).read_bytes())
        for name in names
        if _is_public(name)
    }


def file(path: str, body: bytes) -> File:
    """Return one file, with every coding that makes it smaller."""
    suffix = Path(path).suffix
    bodies = {"": body}
    if len(body) >= MIN_COMPRESS_BYTES and suffix not in COMPRESSED:
        # Level 19 is the highest that a browser's 8 MB window can always decode (RFC 9659). mtime=0 makes the output
        # reproducible.
        packed = {"zstd": zstandard.ZstdCompressor(level=19).compress(body), "gzip": gzip.compress(body, 9, mtime=0)}
        bodies |= {coding: small for coding, small in packed.items() if len(small) < len(body) * MAX_RATIO}
    return File(
        KINDS.get(suffix, "application/octet-stream"),
        bodies,
        hashlib.sha256(body).hexdigest()[:24],
        path.startswith(HASHED),
    )


def _is_public(name: Path) -> bool:
    return name.suffix not in PRIVATE and not any(part.startswith(".") for part in name.parts)
