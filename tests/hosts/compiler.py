"""C programs compiled in a suite of choice, and that suite's root file system to run them in."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .cache import kept, key_of, locked
from .image import LABEL
from .outside import call, docker

COMPILER = ("gcc", "libc6-dev")
BUILD_SECONDS = 600


def root(suite: str, packages: tuple[str, ...]) -> Path:
    """The tar of a small root file system with a compiler and these packages (a minute the first time)."""
    command = ("mmdebstrap", "--variant=minbase", f"--include={','.join((*COMPILER, *packages))}", suite)
    return kept(f"compiler-{suite}-{key_of(*command)}.tar", lambda target: _made((*command, str(target))))


def compiled(suite: str, packages: tuple[str, ...], source: Path, *flags: str) -> Path:
    """The program that `gcc` of this suite makes of `source` and the files beside it."""
    tar = root(suite, packages)
    beside = sorted(source.parent.iterdir())
    key = key_of(tar.name, source.name, *flags, *(part for file in beside for part in (file.name, file.read_bytes())))
    return kept(f"{source.stem}-{suite}-{key}", lambda target: _compile(image(tar), source, target, flags))


def image(tar: Path) -> str:
    """The outer engine's image of that root file system."""
    name = f"omnimind-{tar.stem.rpartition('-')[0]}:{tar.stem.rpartition('-')[2]}"
    with locked(f"import-{tar.stem}"):
        if not docker("images", "-q", name):
            docker("import", "-c", f"LABEL {LABEL}=image", str(tar), name, timeout=300)
    return name


def _made(words: tuple[str, ...]) -> None:
    call(words, timeout=BUILD_SECONDS)


def _compile(within: str, source: Path, target: Path, flags: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(prefix=".compiled-", dir=target.parent) as folder:
        mounts = ("-v", f"{source.parent.resolve()}:/source:ro", "-v", f"{folder}:/made")
        command = ("gcc", "-O2", "-Wall", "-Wextra", "-o", "/made/program", f"/source/{source.name}", *flags)
        docker(
            "run", "--rm", "--network", "none", *mounts, "--workdir", "/source", within, *command, timeout=BUILD_SECONDS
        )
        Path(folder, "program").rename(target)
