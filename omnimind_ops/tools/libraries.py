"""Where a loader finds libraries: on this host, in a container, in a folder."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath

from omnimind_ops.model.program import Binary, Library
from omnimind_ops.tools import elf
from omnimind_ops.tools.shell import run

Find = Callable[[str], Library | None]


def folders(machine: str) -> tuple[str, ...]:
    """Return where a distribution keeps the libraries of a machine, in the order in which its loader looks."""
    triplet = f"{machine}-linux-gnu"
    usual = (f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
    return (*usual, f"/usr/local/lib/{triplet}", "/usr/local/lib")


def on_host(machine: str = "", bits: int = 64) -> Find:
    """Return how this host's loader finds a library: by ldconfig's cache, then in the usual folders."""
    machine = machine or platform.machine()
    return cache(partial(_first, _cached(), folders(machine), machine, bits, lambda path: Path(path)))


def in_container(container: str, program: Binary, home: str, scratch: Path) -> Find:
    """Return how the container's loader finds a library for a program that lies in `home`; what is looked at is copied to `scratch`."""
    first = tuple(folder.replace("$ORIGIN", home).replace("${ORIGIN}", home) for folder in program.folders)
    copied = partial(_copied, container, scratch)
    return cache(partial(_first, {}, (*first, *folders(program.machine)), program.machine, program.bits, copied))


def in_folder(folder: Path) -> Mapping[str, Library]:
    """Return every library below a folder, links included, by name."""
    found = ((path, elf.read(path)) for path in sorted(folder.rglob("*.so*")))
    return {path.name: Library(str(path), binary) for path, binary in found if binary}


def _first(known: Mapping[str, Iterable[str]], usual: Iterable[str], machine: str, bits: int, local: Callable[[str], Path | None], name: str) -> Library | None:
    """Return the first library of this name made for this machine; the loader, too, passes over those of another one."""
    paths = [name] if name.startswith("/") else chain(known.get(name, ()), (f"{folder}/{name}" for folder in usual))
    for path in paths:
        binary = elf.read(file) if (file := local(str(path))) else None
        if binary and (binary.machine, binary.bits) == (machine, bits):
            return Library(str(PurePosixPath(path)), binary)
    return None


def _cached() -> dict[str, list[str]]:
    """Return ldconfig's cache: name → paths, best first; lines are `name (kind) => path`."""
    known: dict[str, list[str]] = {}
    for line in run(("/sbin/ldconfig", "-p"), check=False).out.splitlines():
        left, arrow, path = line.strip().partition(" => ")
        if arrow:
            known.setdefault(left.split(" ", 1)[0], []).append(path)
    return known


def _copied(container: str, scratch: Path, path: str) -> Path | None:
    target = scratch / path.strip("/").replace("/", "-")
    done = run(("docker", "cp", "--follow-link", f"{container}:{path}", str(target)), check=False, timeout=60)
    return target if done.ok and target.is_file() else None
