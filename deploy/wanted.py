"""What should stand on disk: File, Folder, Link."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file with exactly this content. A secret one is compared like any other and never shown."""

    path: str
    content: str
    mode: int = 0o644
    user: str = "root"
    group: str = "root"
    secret: bool = False


@dataclass(frozen=True)
class Folder:
    """A folder. With `keep`, one that already exists stays as it is: it is the user's, or a package's."""

    path: str
    mode: int = 0o755
    user: str = "root"
    group: str = "root"
    keep: bool = False


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    path: str
    target: str


@dataclass(frozen=True)
class Absent:
    """Nothing: a file or link at this path is removed."""

    path: str


Wanted = File | Folder | Link | Absent
