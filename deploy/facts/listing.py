"""Listing: the files of a folder whose names end alike."""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase


class Listing(FactBase[tuple[str, ...]]):
    """Paths of the files in a folder, sorted; links to files count."""

    def command(self, folder: str, ending: str) -> str:
        pattern = shlex.quote(f"*{ending}")
        return f"find -L {shlex.quote(folder)} -maxdepth 1 -type f -name {pattern} 2>/dev/null | LC_ALL=C sort; true"

    def process(self, output: list[str]) -> tuple[str, ...]:
        return tuple(output)

    @staticmethod
    def default() -> tuple[str, ...]:
        return ()
