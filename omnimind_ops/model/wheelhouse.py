"""A wheelhouse: a folder of wheels for hosts without a network; for which hosts, and which files."""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST = "wheelhouse.json"
"""Its file that says what it was made for."""


@dataclass(frozen=True)
class Target:
    """The hosts that wheels are for: CPython, the oldest glibc, the machine."""

    python: str  # "3.12", or all of it: "3.12.3"
    glibc: tuple[int, int] = (2, 31)
    machine: str = "x86_64"

    @property
    def minor(self) -> str:
        """Its Python without the patch level."""
        return ".".join(self.python.split(".")[:2])

    def __str__(self) -> str:
        """Return it for people."""
        return f"Python {self.minor}, glibc {self.glibc[0]}.{self.glibc[1]}, {self.machine}"


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock: exactly this version, with one of these SHA-256 digests."""

    name: str  # as an index compares it: lower case, with "-"
    version: str
    marker: str = ""
    hashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WheelFile:
    """A wheel that an index or a folder offers. `size` is None where it does not say."""

    name: str
    url: str  # or an absolute path
    sha256: str
    size: int | None = None


@dataclass(frozen=True)
class Wheelhouse:
    """A folder as it was found.

    `wheels` are its wheels by name with their sizes, `sizes` what its manifest says that they are.
    """

    folder: str
    trouble: str = ""  # why it cannot be read
    wheels: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    made_for: str = ""  # by its manifest
