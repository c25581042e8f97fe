"""apt's lists, as they are or fresh ones in a separate folder: the host's lists are not changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.tools.shell import Completed, run

UPDATE_SECONDS = 180
BLOCK = re.compile(r"^(\S+):\n  Installed: (.*)\n  Candidate: (.*)$", re.MULTILINE)
NONE = "(none)"


@dataclass(frozen=True)
class Policy:
    """What apt knows about a package; "" for a version that does not exist."""

    package: str
    installed: str
    candidate: str


def policies(packages: Iterable[str], options: tuple[str, ...] = ()) -> tuple[Policy, ...]:
    """Return the policies of those packages that apt knows."""
    out = run(("apt-cache", *options, "policy", *packages), check=False, env={"LC_ALL": "C"}).out
    blocks = (tuple("" if field == NONE else field for field in block) for block in BLOCK.findall(out))
    return tuple(Policy(*block) for block in blocks)


def separate_lists(folder: Path) -> tuple[str, ...]:
    """Return the options that make apt use lists in this folder, and prepare the folder."""
    folder.chmod(0o755)  # apt downloads as its own user
    for path in ("lists/partial", "cache/archives/partial"):  # not every apt makes them
        (folder / path).mkdir(parents=True, exist_ok=True)
    settings = (f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}/cache", "Acquire::Languages=none")
    return tuple(word for setting in settings for word in ("-o", setting))


def update(options: tuple[str, ...]) -> Completed:
    """Update the lists."""
    return run(("apt-get", *options, "--quiet", "update"), check=False, timeout=UPDATE_SECONDS)
