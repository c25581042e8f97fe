"""folder: a directory with owner and mode. A link to a directory is allowed: users move data to larger disks."""

from __future__ import annotations

from pyinfra import host
from pyinfra.facts.files import Directory
from pyinfra.operations import files


def folder(path: object, mode: str = "755", user: str = "root", group: str = "root") -> None:
    """Create the folder, or set its owner and mode."""
    files.directory(name=f"Create {path}", path=_follow_link(path), user=user, group=group, mode=mode)


def ensure_folder(path: object, mode: str, user: str, group: str) -> None:
    """Create the folder if it does not exist. An existing one keeps its owner and mode."""
    if not host.get_fact(Directory, path=_follow_link(path)):
        folder(path, mode, user, group)


def _follow_link(path: object) -> str:
    # The slash makes stat, mkdir, chmod and chown follow a link; files.directory refuses links.
    return f"{path}/"
