"""Keep a result: one row for a campaign in docs/measurements.md, with date, commit, seed, number of trials and verdict."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.campaigns.result import Tally

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs/measurements.md"
TITLE = "## Campaigns"
HEAD = f"""{TITLE}

Random trials, each of which can be made again: [campaigns.md](campaigns.md). A commit with a `+` had changes beside it.

| date | campaign | commit | seed | n | verdict | results |
|---|---|---|---|---|---|---|
"""


def commit(root: Path = ROOT) -> str:
    """Return the checkout's commit, with a + when anything that git knows, or could know, differs from it."""
    found = _git(root, "rev-parse", "--short=10", "HEAD")
    return f"{found}+" if _git(root, "status", "--porcelain", "--", ".", ":!docs/measurements.md") else found


def row(name: str, commit: str, seed: int, done: Tally) -> str:
    """Return the row."""
    kinds = ", ".join(f"{kind}: {count}" for kind, count in done.kinds.items()) + done.times
    return f"| {datetime.now(UTC):%Y-%m-%d} | {name} | {commit} | {seed} | {done.count} | {done.verdict} | {kinds} |\n"


def append(text: str, line: str) -> str:
    """Return a document with the row at the end of its table of campaigns, which is made when there is none."""
    if TITLE not in text:
        return f"{text.rstrip()}\n\n{HEAD}{line}"
    before, title, after = text.partition(TITLE)
    own, next_title, rest = after.partition("\n## ")
    return f"{before}{title}{own.rstrip()}\n{line}{next_title}{rest}"


def keep(line: str, file: Path = FILE) -> None:
    """Write it."""
    file.write_text(append(file.read_text(), line))


def _git(root: Path, *words: str) -> str:
    return subprocess.run(("git", "-C", str(root), *words), capture_output=True, text=True, check=True).stdout.strip()
