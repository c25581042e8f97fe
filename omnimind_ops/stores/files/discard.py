"""Remove a tree permanently."""

from __future__ import annotations

import shutil
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.manifest import default_manifest
from omnimind_ops.stores.files.mounts import is_mounted, mounted_below


def discard(path: Path) -> None:
    """Remove a tree and its manifest permanently; a missing path is no error.

    Problem for a path that is surely a mistake: a mount point, a directory with one inside, a top-level directory.
    """
    path = path.absolute()
    if not path.is_symlink() and (len(path.parts) < 3 or is_mounted(path)):
        raise Problem(
            f"cannot remove {path}",
            "it is a mount point or a top-level directory",
            "if you do want to remove its contents, remove them by hand",
        )
    if not path.is_symlink() and (below := mounted_below(path)):
        raise Problem(
            f"cannot remove {path}",
            f"a file system is mounted inside it, at {below[0]}",
            f"unmount it (umount {below[0]}), then run the same command again",
        )
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
    default_manifest(path).unlink(missing_ok=True)
