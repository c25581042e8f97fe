"""venv: a Python environment of exactly a lock and a wheel, built by uv beside the one in use and made current by a link."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path

from pyinfra import host
from pyinfra.api import StringCommand, operation
from uv import find_uv_bin

from deploy import notes
from deploy.commands import Commands
from deploy.facts.paths import Paths
from deploy.facts.stats import Stats
from deploy.look import look
from deploy.render import text


@dataclass(frozen=True)
class Release:
    """What goes into an environment: requirements with hashes, the model, and our own wheel, from a folder of wheels or from the index."""

    python: str
    lock: Path
    model: Path  # a lock of its own, installed without its dependencies: those would be torch
    version: str
    wheelhouse: str = ""

    @property
    def wheel(self) -> Path | None:
        """Return our wheel's file; None when it comes from the index."""
        return next(iter(sorted(Path(self.wheelhouse).glob(f"omnimind-{self.version}-*.whl"))), None) if self.wheelhouse else None

    @property
    def digest(self) -> str:
        """Return 16 hex digits that change with anything that goes in."""
        own = self.wheel.read_bytes() if self.wheel else self.version.encode()
        parts = (self.python.encode(), self.lock.read_bytes(), self.model.read_bytes(), own)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]

    @property
    def problem(self) -> str:
        """Tell what is missing, "" for nothing."""
        for lock in (self.lock, self.model):
            if not lock.is_file():
                return f"no file of requirements at {lock}"
        if self.wheelhouse and not self.wheel:
            return f"no wheel of omnimind {self.version} in {self.wheelhouse}"
        return ""


@operation()
def venv(release: Release, link: str, user: str) -> Commands:
    """Make `link` point to a complete environment of `release`; its imports are tried as `user`, who will run it."""
    folder = f"{link}s/{release.digest}"
    complete = f"{folder}/.complete"
    links = look(Paths, paths=(link,))
    here = complete in look(Stats, paths=(complete,))
    current = links[link].content.decode() if link in links else ""
    if here and current == folder:
        return
    notes.note(host, [f"+ {folder} (omnimind {release.version}, {release.lock.stem})"] * (not here) + [f"~ {link} -> {folder}"])
    source = ("--no-index", "--find-links", release.wheelhouse) if release.wheelhouse else ()
    yield StringCommand(
        text(
            "scripts/venv.sh.j2",
            build=not here,
            uv=shlex.quote(find_uv_bin()),
            python=shlex.quote(release.python),
            folder=shlex.quote(folder),
            link=shlex.quote(link),
            lock=shlex.quote(str(release.lock)),
            model=shlex.quote(str(release.model)),
            source=shlex.join(source),
            own=shlex.quote(str(release.wheel or f"omnimind=={release.version}")),
            user=shlex.quote(user),
            gpu=release.lock.stem != "cpu",
            keep=shlex.quote(current or folder),
        )
    )
