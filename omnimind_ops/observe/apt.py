"""What apt would install. Read-only.

If the host's lists do not name a package, fresh ones are read into another folder.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.tools import apt


@dataclass(frozen=True)
class Candidate:
    """A package's version, "" when apt knows none; `output` is then apt's."""

    version: str
    output: str = ""


def candidate(package: str) -> Candidate:
    """Return the version that `apt-get install` would install, after an update where one is needed.

    A fresh system image has empty lists; the host's own lists are not changed.
    """
    if version := _version(package):
        return Candidate(version)
    with tempfile.TemporaryDirectory(prefix="omnimind-apt-") as folder:
        options = apt.separate_lists(Path(folder))
        completed = apt.update(options)
        return Candidate(_version(package, options), completed.err.strip())


def _version(package: str, options: tuple[str, ...] = ()) -> str:
    return next((policy.candidate for policy in apt.policies((package,), options)), "")
