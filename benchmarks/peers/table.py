"""The table of all results: median seconds of each side, range and median of the ratios."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One comparison. `pairs` are (ours, theirs) in seconds, one pair per round."""

    name: str
    peer: str
    pairs: Sequence[tuple[float, float]]

    @property
    def ratios(self) -> list[float]:
        """Return the ratios of their time to ours, round by round; above 1, ours is faster."""
        return [theirs / ours for ours, theirs in self.pairs]


def show(rows: Sequence[Row]) -> None:
    """Print the table on stdout, without rows that have no pairs."""
    table = Table(title="omnimind and its peers, measured in turns; a ratio above 1 means omnimind is faster")
    for heading in ("benchmark", "compared with"):
        table.add_column(heading)
    for heading in ("pairs", "ours, s", "theirs, s", "ratio", "lowest", "highest"):
        table.add_column(heading, justify="right")
    for row in rows:
        if row.pairs:
            ours, theirs = (f"{statistics.median(side):.2f}" for side in zip(*row.pairs, strict=True))
            median, low, high = statistics.median(row.ratios), min(row.ratios), max(row.ratios)
            table.add_row(
                row.name, row.peer, str(len(row.pairs)), ours, theirs, f"{median:.2f}", f"{low:.2f}", f"{high:.2f}"
            )
    Console(width=120).print(table)
