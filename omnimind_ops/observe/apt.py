"""What apt would install. Read-only: where the host's own lists do not name a package, fresh ones are read into a temporary folder."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.tools.shell import run

UPDATE_SECONDS = 180
CANDIDATE = re.compile(r"Candidate: (?!\(none\))(\S+)")


@dataclass(frozen=True)
class Candidate:
    """A package's version, "" when apt knows none; then `said` is what apt said when it was asked to look."""

    version: str
    said: str = ""


def candidate(package: str) -> Candidate:
    """Return the version that `apt-get install` would install, after an update where one is needed.

    A fresh image of a system has empty lists; the host's own are left alone.
    """
    version = _policy(package)
    if version:
        return Candidate(version)
    with tempfile.TemporaryDirectory(prefix="omnimind-apt-") as folder:
        Path(folder).chmod(0o755)  # apt downloads as a user of its own
        for place in ("lists/partial", "cache/archives/partial"):  # not every apt makes them
            Path(folder, place).mkdir(parents=True)
        options = ("-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache", "-o", "Acquire::Languages=none")
        done = run(("apt-get", *options, "--quiet", "update"), check=False, timeout=UPDATE_SECONDS)
        return Candidate(_policy(package, options), done.err.strip())


def _policy(package: str, options: tuple[str, ...] = ()) -> str:
    found = CANDIDATE.search(run(("apt-cache", *options, "policy", package), check=False, env={"LC_ALL": "C"}).out)
    return found[1] if found else ""
