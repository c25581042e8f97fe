"""Where a loader finds libraries: on this host, in a container, in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path

from omnimind_ops.model.program import Binary, Library
from omnimind_ops.tools import elf
from omnimind_ops.tools.shell import run

FindLibrary = Callable[[str], Library | None]
Paths = Callable[[str], Iterable[str]]


def folders(machine: str) -> tuple[str, ...]:
    """Return a distribution's library folders for a machine, in its loader's search order."""
    triplet = f"{machine}-linux-gnu"
    standard = (f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
    return (*standard, f"/usr/local/lib/{triplet}", "/usr/local/lib")


def on_host(program: Binary, home: str) -> FindLibrary:
    """Return a function that finds a library as this host's loader does for a program in `home`."""
    cached, own_folders, system_folders = _cached(), _own_folders(program, home), folders(program.machine)

    def paths(name: str) -> Iterable[str]:
        return (
            *(f"{folder}/{name}" for folder in own_folders),
            *cached.get(name, ()),
            *(f"{folder}/{name}" for folder in system_folders),
        )

    return cache(partial(_first, program, paths, Path))


def in_container(container: str, program: Binary, home: str, scratch: Path) -> FindLibrary:
    """Return a function that finds a library as the container's loader does for a program in `home`.

    Files are copied to `scratch`.
    """
    everywhere = (*_own_folders(program, home), *folders(program.machine))

    def paths(name: str) -> Iterable[str]:
        return (f"{folder}/{name}" for folder in everywhere)

    return cache(partial(_first, program, paths, partial(_copied, container, scratch)))


def in_folder(folder: Path) -> Mapping[str, Library]:
    """Return every library below a folder, links included, by name."""
    files = ((path, elf.read(path)) for path in sorted(folder.rglob("*.so*")))
    return {path.name: Library(str(path), binary) for path, binary in files if binary}


def _own_folders(program: Binary, home: str) -> tuple[str, ...]:
    return tuple(folder.replace("${ORIGIN}", home).replace("$ORIGIN", home) for folder in program.folders)


def _first(program: Binary, paths: Paths, local: Callable[[str], Path | None], name: str) -> Library | None:
    """Return the first library of this name for the program's machine: the loader skips those of another."""
    for path in (name,) if name.startswith("/") else paths(name):
        binary = elf.read(file) if (file := local(path)) else None
        if binary and (binary.machine, binary.bits) == (program.machine, program.bits):
            return Library(path, binary)
    return None


def _cached() -> dict[str, list[str]]:
    """Return ldconfig's cache: name → paths, best first; lines are `name (kind) => path`."""
    paths_by_name: dict[str, list[str]] = {}
    for line in run(("/sbin/ldconfig", "-p"), check=False).out.splitlines():
        left, arrow, path = line.strip().partition(" => ")
        if arrow:
            paths_by_name.setdefault(left.split(" ", 1)[0], []).append(path)
    return paths_by_name


def _copied(container: str, scratch: Path, path: str) -> Path | None:
    target = scratch / path.strip("/").replace("/", "-")
    completed = run(("docker", "cp", "--follow-link", f"{container}:{path}", str(target)), check=False, timeout=60)
    return target if completed.ok and target.is_file() else None
