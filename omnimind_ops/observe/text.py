"""Small files of the kernel and of /etc, which may be missing."""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> str:
    """Return a file's text without the blanks around it, "" when it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
