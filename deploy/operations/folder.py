"""folder: a directory with its owner and mode, or what a link to one points to: people move data to larger disks."""

from __future__ import annotations

from pyinfra import host
from pyinfra.facts.files import Directory
from pyinfra.operations import files


def folder(path: object, mode: str = "755", user: str = "root", group: str = "root") -> None:
    """Create it, or give it its owner and mode."""
    files.directory(name=f"Create {path}", path=_followed(path), user=user, group=group, mode=mode)


def kept_folder(path: object, mode: str, user: str, group: str) -> None:
    """Create it if it does not exist; one that does stays as its owner left it."""
    if not host.get_fact(Directory, path=_followed(path)):
        folder(path, mode, user, group)


def _followed(path: object) -> str:
    # The slash makes stat, mkdir, chmod and chown follow a link; files.directory refuses one.
    return f"{path}/"
