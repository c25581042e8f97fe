"""Since: what came, changed or vanished in one part of the native data after the cutover."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """A part of the data that a rollback leaves behind, or carries back."""

    REDIS = "redis"
    QDRANT = "qdrant"
    UPLOADS = "uploads"
    POSTGRESQL = "postgresql"  # the old stack has none: it is exported


@dataclass(frozen=True)
class Since:
    """The difference between a part of the native data and what the cutover brought.

    `name` is the collection, folder or table. `changed` is None where only the totals are compared; `came` and
    `vanished` are then their difference, and `differs` says whether the contents do. `unknown` is why nothing was
    counted, "" if it was.
    """

    part: Part
    unit: str  # keys, points, files, rows
    name: str = ""
    came: int = 0
    vanished: int = 0
    changed: int | None = None
    differs: bool = False
    unknown: str = ""

    @property
    def is_none(self) -> bool:
        """Return whether nothing came, changed or vanished, as far as is known."""
        return not (self.came or self.vanished or self.changed or self.differs or self.unknown)

    def __str__(self) -> str:
        title = self.part + (f" {self.name}" if self.name else "")
        if self.unknown:
            return f"{title}: not counted ({self.unknown})"
        if self.is_none:
            return f"{title}: nothing"
        counts = [(self.came, "came"), (self.changed or 0, "changed"), (self.vanished, "vanished")]
        if self.changed is None:
            counts = [(self.came, "more"), (self.vanished, "fewer")]
        texts = [
            f"{number:,} {self.unit if number != 1 else self.unit[:-1]} {verb}" for number, verb in counts if number
        ]
        return f"{title}: {', '.join(texts) or f'as many {self.unit}, with other contents'}"
