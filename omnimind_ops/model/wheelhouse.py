"""A wheelhouse: a folder of wheels for hosts without a network; its target hosts and its files."""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST = "wheelhouse.json"
"""The file that says what the wheelhouse was made for."""


@dataclass(frozen=True)
class Target:
    """The target hosts of wheels: CPython, the oldest glibc, the machine."""

    python: str  # "3.12", or the full version: "3.12.3"
    glibc: tuple[int, int] = (2, 31)
    machine: str = "x86_64"

    @property
    def minor(self) -> str:
        """Return the Python version without the patch level."""
        return ".".join(self.python.split(".")[:2])

    def __str__(self) -> str:
        """Return a description for people."""
        return f"Python {self.minor}, glibc {self.glibc[0]}.{self.glibc[1]}, {self.machine}"


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock: exactly this version, with one of these SHA-256 digests."""

    name: str  # normalised as on an index: lower case, with "-"
    version: str
    marker: str = ""
    hashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WheelFile:
    """A wheel that an index or a folder offers. `size` is None if unknown."""

    name: str
    url: str  # or an absolute path
    sha256: str
    size: int | None = None


@dataclass(frozen=True)
class Wheelhouse:
    """The content of a folder.

    `wheels` are its wheels by name with their sizes, `sizes` the sizes in its manifest.
    """

    folder: str
    trouble: str = ""  # why it cannot be read
    wheels: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    made_for: str = ""  # from its manifest
