"""Files of a container: those mounted into it are read on this host, others through the engine."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from omnimind_ops.model.facts import Container
from omnimind_ops.tools.shell import run

LARGEST = 1024 * 1024
"""A configuration or a password is smaller."""


def path_inside(container: Container, path: str) -> PurePosixPath:
    """Return a path of a container's command as an absolute one."""
    return PurePosixPath(container.folder or "/") / path


def on_host(container: Container, path: PurePosixPath) -> Path | None:
    """Return the path of a container's file on this host; None if no mount holds it."""
    for mount in sorted(container.mounts, key=lambda mount: -len(mount.target)):
        target = PurePosixPath(mount.target)
        if path == target or target in path.parents:
            return Path(mount.source) / path.relative_to(target)
    return None


def read(container: Container, path: str) -> str:
    """Return the text of a container's file, "" if there is none."""
    inside = path_inside(container, path)
    mounted = on_host(container, inside)
    try:
        return _text(mounted) if mounted else _from_engine(container.id, inside)
    except OSError:
        return ""


def _from_engine(container: str, path: PurePosixPath) -> str:
    with tempfile.TemporaryDirectory(prefix="omnimind-file-") as folder:
        target = Path(folder) / "file"
        argv = ("docker", "cp", "--follow-link", f"{container}:{path}", str(target))
        return _text(target) if run(argv, check=False, timeout=60).ok else ""


def _text(file: Path) -> str:
    if not file.is_file() or file.stat().st_size > LARGEST:
        return ""
    return file.read_text(encoding="utf-8", errors="replace")
