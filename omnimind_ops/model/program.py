"""What a program or a library asks of a host, and how a program is started there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Binary:
    """An ELF file's own account of itself. `wants` is library → the symbol versions wanted of it ("GLIBC_2.34")."""

    machine: str  # as `uname -m` says it
    bits: int = 64
    interpreter: str = ""  # "" of a library, and of a static program
    needed: tuple[str, ...] = ()  # libraries, by the name that the loader looks for
    wants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    offers: frozenset[str] = frozenset()  # symbol versions that it defines; without any it serves every version
    folders: tuple[str, ...] = ()  # where it wants libraries looked for first; may hold $ORIGIN

    @property
    def static(self) -> bool:
        """Tell whether it starts without a loader and libraries."""
        return not self.interpreter and not self.needed


@dataclass(frozen=True)
class Library:
    """A library where it was found."""

    path: str
    binary: Binary


@dataclass(frozen=True, order=True)
class Missing:
    """What a place does not have: a library, or (with `version`) only an older one."""

    library: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.library} with {self.version}" if self.version else self.library


class Way(StrEnum):
    """Where the libraries of an installed program come from."""

    STATIC = "static"  # it needs none
    HOST = "host"
    PACKAGES = "packages"  # the distribution's, installed for it
    BUNDLED = "bundled"  # its container's, with the container's loader, beside it


@dataclass(frozen=True)
class Start:
    """How a program is started on this host. `files` is library or loader → path in the container, for a bundle."""

    way: Way
    missing: tuple[Missing, ...] = ()  # of the host
    packages: tuple[str, ...] = ()
    loader: str = ""  # name in the bundle
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Say in one line what it comes to."""
        lacks = ", ".join(map(str, self.missing))
        return {
            Way.STATIC: "needs no libraries",
            Way.HOST: "finds its libraries on this host",
            Way.PACKAGES: f"needs {lacks}, which this host lacks: package {', '.join(self.packages)} is installed",
            Way.BUNDLED: f"needs {lacks}, which this host lacks: it runs with loader and libraries of its container",
        }[self.way]
