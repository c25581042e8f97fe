"""What a program or a library requires of a host, and how a program is started there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Binary:
    """The headers of an ELF file. `required_versions` is library → symbol versions that it needs ("GLIBC_2.34")."""

    machine: str  # in the form of `uname -m`
    bits: int = 64
    interpreter: str = ""  # "" for a library and for a static program
    needed: tuple[str, ...] = ()  # libraries, by the name that the loader searches for
    required_versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    defined_versions: frozenset[str] = frozenset()  # symbol versions; without any it satisfies every version
    folders: tuple[str, ...] = ()  # folders to search first for libraries; may contain $ORIGIN

    @property
    def static(self) -> bool:
        """Return whether it starts without a loader and libraries."""
        return not self.interpreter and not self.needed


@dataclass(frozen=True)
class Library:
    """A library and its path."""

    path: str
    binary: Binary


@dataclass(frozen=True, order=True)
class Missing:
    """A missing library, or (with `version`) one that is too old."""

    library: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.library} with {self.version}" if self.version else self.library


class LibrarySource(StrEnum):
    """Source of an installed program's libraries."""

    STATIC = "static"  # it needs none
    HOST = "host"
    PACKAGES = "packages"  # from the distribution, installed for it
    BUNDLED = "bundled"  # from its container, with the container's loader, beside the program


@dataclass(frozen=True)
class Start:
    """How a program is started on this host. `files` is library or loader → path in the container, for a bundle."""

    way: LibrarySource
    missing: tuple[Missing, ...] = ()  # on the host
    packages: tuple[str, ...] = ()
    loader: str = ""  # name in the bundle
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return a one-line description of how the program starts and why."""
        lacks = f"needs {', '.join(map(str, self.missing))}, which this host lacks"
        return {
            LibrarySource.STATIC: "needs no libraries",
            LibrarySource.HOST: "finds its libraries on this host",
            LibrarySource.PACKAGES: f"{lacks}: package {', '.join(self.packages)} is installed",
            LibrarySource.BUNDLED: f"{lacks}: it runs with loader and libraries of its container",
        }[self.way]
