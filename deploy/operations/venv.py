"""venv: a Python environment from one lock and one wheel, built by uv beside the current one and switched by a link."""

from __future__ import annotations

import hashlib
import shlex
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyinfra import host
from pyinfra.api import StringCommand, operation
from uv import find_uv_bin

from deploy.commands import Commands
from deploy.facts.paths import Paths
from deploy.facts.stats import Stats
from deploy.notes import note
from deploy.render import text
from omnimind_ops import origin
from omnimind_ops.model.problem import Problem

PACK = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from omnimind_ops import origin
origin.wheel(pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[2]))
"""
"""Builds omnimind's wheel. Arguments: the folder of this code, the folder to pack, the folder to write to."""
SHARE = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from omnimind_ops.tools.same_files import link_same
link_same(pathlib.Path(sys.argv[2]), pathlib.Path(sys.prefix))
"""
"""Links what an environment has in common with the command's. Arguments: the folder of this code, the environment."""


@dataclass(frozen=True)
class Release:
    """Contents of an environment.

    These are the locked requirements, from a folder of wheels or the index, the model, and omnimind's code.
    """

    python: str
    lock: Path
    model: Path  # a separate lock, installed without its dependencies, which include torch
    wheelhouse: str = ""
    origin: Path = origin.ROOT

    @cached_property
    def code(self) -> str:
        """Return the digest of omnimind's code; takes 0.1 s."""
        return origin.digest(self.origin)

    @cached_property
    def digest(self) -> str:
        """Return 16 hex digits that change with any part of the contents."""
        parts = (
            self.python.encode(),
            self.lock.read_bytes(),
            self.model.read_bytes(),
            self.code.encode(),
        )
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]

    @property
    def problem(self) -> str:
        """Return what is missing, "" for nothing."""
        for lock in (self.lock, self.model):
            if not lock.is_file():
                return f"no file of requirements at {lock}"
        try:
            return "" if self.code else "no code"
        except Problem as problem:
            return str(problem)


@operation()
def venv(release: Release, link: str, user: str) -> Commands:
    """Point `link` to a complete environment of `release`. Its imports are tested as `user`, who will run it."""
    folder = f"{link}s/{release.digest}"
    complete = f"{folder}/.complete"
    links = host.get_fact(Paths, paths=(link,))
    is_built = complete in host.get_fact(Stats, paths=(complete,))
    current = links[link].content.decode() if link in links else ""
    if is_built and current == folder:
        return
    note(
        *[f"+ {folder} (omnimind {origin.version(release.origin)}, {release.lock.stem})"] * (not is_built),
        f"~ {link} -> {folder}",
    )
    source = ("--no-index", "--find-links", release.wheelhouse) if release.wheelhouse else ()
    yield StringCommand(
        text(
            "scripts/venv.sh.j2",
            build=not is_built,
            uv=shlex.quote(find_uv_bin()),
            python=shlex.quote(release.python),
            folder=shlex.quote(folder),
            link=shlex.quote(link),
            lock=shlex.quote(str(release.lock)),
            model=shlex.quote(str(release.model)),
            source=shlex.join(source),
            pack=shlex.join((sys.executable, "-I", "-c", PACK, str(origin.ROOT), str(release.origin))),
            own=origin.file_name(release.origin),
            share=shlex.join((sys.executable, "-I", "-c", SHARE, str(origin.ROOT), folder)),
            user=shlex.quote(user),
            gpu=release.lock.stem != "cpu",
            keep=shlex.quote(current or folder),
        )
    )
