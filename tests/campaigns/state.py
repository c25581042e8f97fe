"""The state file of one campaign under one seed: a line of JSON for each trial made, so that it goes on after days, a
reboot or Ctrl-C.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tests.campaigns.result import Result

FIELDS = frozenset(field.name for field in fields(Result))


class CannotResumeError(Exception):
    """The file is not of what is to be gone on with."""


@dataclass(frozen=True)
class State:
    """The file. Its first line says under which commit the trials were made; trials of two commits say nothing
    together.
    """

    path: Path
    commit: str
    seed: int = 0

    def results(self) -> dict[int, Result]:
        """Return what was found so far, by the trial's number; a line that was cut by the end of the machine is left
        out.
        """
        if not self.path.exists():
            return {}
        head, *lines = self.path.read_text().splitlines() or ["{}"]
        made = json.loads(head).get("commit")
        if made != self.commit:
            raise CannotResumeError(
                f"{self.path} was begun with commit {made}, this is {self.commit}: check that one out, take another seed, or remove the file"
            )
        found: dict[int, Result] = {}
        for line in lines:
            try:
                one = json.loads(line)
            except ValueError:
                continue
            number = one.pop("number")
            found[number] = Result(**{name: one[name] for name in FIELDS & one.keys()})
        return found

    def begin(self) -> None:
        """Start anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"commit": self.commit, "seed": self.seed}) + "\n")

    def add(self, number: int, result: Result) -> None:
        """Keep one, so that not even the machine's end loses it."""
        line = {"number": number, "commit": self.commit, "seed": self.seed, **asdict(result)}
        with self.path.open("a+b") as file:
            file.seek(-1, os.SEEK_END)
            torn = b"" if file.read(1) == b"\n" else b"\n"
            file.write(torn + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def place(name: str, seed: int) -> Path:
    """Return the file's place: $XDG_STATE_HOME or ~/.local/state, never the checkout."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(base) / "omnimind-campaigns" / f"{name}-{seed}.jsonl"
