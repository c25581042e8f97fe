"""A data folder of the native services. What is done there: stores/files/place.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

OWN_FOLDER = ".omnimind"
"""Folder inside a data folder whose content is swapped: staged copies and parked content."""


@dataclass(frozen=True)
class Place:
    """A data folder, and where copies are staged and content is parked. `inside`: inside it."""

    target: Path
    inside: bool = False

    @classmethod
    def of(cls, target: str, incoming: str) -> Place:
        """Return the place of a copy that is staged at `incoming`."""
        return cls(Path(target), PurePosixPath(incoming).is_relative_to(target))

    @property
    def own(self) -> Path:
        """Return omnimind's folder inside the target."""
        return self.target / OWN_FOLDER

    @property
    def incoming(self) -> Path:
        """Return where the copy is staged."""
        return self.own / "incoming" if self.inside else self.target.with_name(f"{self.target.name}.incoming")

    @property
    def arriving(self) -> Path:
        """Return where the copy is while its entries are moved to the target."""
        return self.own / "arriving"

    @property
    def parked(self) -> Path:
        """Return the folder of everything that runs have parked."""
        return self.own / "parked" if self.inside else self.target.parent / ".omnimind-parked"

    def before(self, run: str) -> Path:
        """Return where a run parks what was there."""
        return self.parked / run / f"{self.target.name}.before"

    def after(self, run: str) -> Path:
        """Return where the undo of a run parks what was written since."""
        return self.parked / run / f"{self.target.name}.after"
