"""Small files of the kernel and of /etc, which may be missing."""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> str:
    """Return a file's stripped text, "" when it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
