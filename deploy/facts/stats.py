"""Stats: size, modification time, mode and owner of paths, without reading them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class Stat:
    """Facts of one path. `changed` is the modification time in seconds; links are followed."""

    size: int
    changed: int
    mode: int
    user: str


class Stats(FactBase[dict[str, Stat]]):
    """Path → Stat, for existing paths; links are followed."""

    def command(self, paths: tuple[str, ...]) -> str:
        return f"stat -L -c '%s %Y %a %U %n' {shlex.join(paths)} 2>/dev/null; true"

    def process(self, output: list[str]) -> dict[str, Stat]:
        rows = [line.split(" ", 4) for line in output]
        return {row[4]: Stat(int(row[0]), int(row[1]), int(row[2], 8), row[3]) for row in rows if len(row) == 5}

    @staticmethod
    def default() -> dict[str, Stat]:
        return {}
