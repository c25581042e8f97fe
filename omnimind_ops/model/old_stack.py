"""OldStack: what a migration notes of the containers that it replaces, in the setup of its run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OldMount:
    """A mount: `origin` is the folder of a bind, or the name of a volume."""

    kind: str  # bind, volume
    origin: str
    target: str


@dataclass(frozen=True)
class OldContainer:
    """A container that was migrated. `mounts` is None in a run of a version that did not note them."""

    id: str
    name: str
    image: str
    service: str
    mounts: tuple[OldMount, ...] | None = None


@dataclass(frozen=True)
class OldVolume:
    """A volume, the Compose service that used it, and where.

    `copy` is the native folder of its data, "" if it was not moved.
    """

    name: str
    service: str
    mounted_at: str
    copy: str = ""


@dataclass(frozen=True)
class OldStack:
    """The project's containers, its volumes, and its bind mounts, which are the user's own folders.

    `anonymous_volumes` is all that earlier versions noted of volumes.
    """

    containers: tuple[OldContainer, ...] = ()
    anonymous_volumes: tuple[str, ...] = ()
    bind_mounts: tuple[str, ...] = ()
    working_dir: str | None = None  # of the project
    volumes: tuple[OldVolume, ...] = ()
