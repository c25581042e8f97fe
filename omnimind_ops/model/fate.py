"""Fate: what a migration does with each thing that belongs to a Compose project, or uses it.

Everything has exactly one. The plan, its report, the receipt and `finish` read the same Items.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What happens to a thing."""

    MOVED = "moved"  # to a native service, and compared
    REPLACED = "replaced"  # something native does its work
    BESIDE = "keeps running beside"
    STOPPED = "stopped and kept"
    UNNEEDED = "not needed"
    LOST = "lost"  # nothing does its work; `why` says what to do


class Kind(StrEnum):
    """What kind of thing it is."""

    CONTAINER = "container"
    VOLUME = "volume"
    FOLDER = "folder"
    FILE = "file"
    PORT = "port"
    NAME = "name"  # by which other containers reach it
    VARIABLE = "variable"
    FLAG = "flag"
    CLIENT = "client"


@dataclass(frozen=True)
class Item:
    """A thing and its fate.

    `service` is the Compose service; `name` says which thing, secrets masked. `to` is where it goes or what does its
    work, `compared` how its copy is proven, `why` the reason. "" where there is nothing to say.

    Names by kind: a container's name, a volume's name, a path, "0.0.0.0:9000 → 8000/tcp", "qdrant (network app_default)",
    a variable's name, a flag with its value. `kind`, `container` and `name` together are unique. `container` is "" for
    volumes and paths, which several containers may use; `size` is the number of bytes of data, 0 if unknown.
    """

    kind: Kind
    service: str
    name: str
    fate: Fate
    to: str = ""
    compared: str = ""
    why: str = ""
    container: str = ""
    size: int = 0
