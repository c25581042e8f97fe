"""How a program starts on this host: with its libraries, with packages, or with its container's libraries. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import Binary, Library, LibrarySource, Missing, Start

FindLibrary = Callable[[str], Library | None]
"""Finds a library by its name, or a loader by its path."""
FindPackages = Callable[[frozenset[str]], Mapping[str, tuple[str, Library]]]
"""Asks the distribution for libraries that are not installed; returns name → package and library for those it has."""

OPENED_LATER = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2")
"""Libraries that glibc opens by itself to look up names; no header lists them. The host's belong to another glibc."""


def start(
    program: Binary, machine: str, host: FindLibrary, offer: FindPackages, container: FindLibrary | None
) -> Start:
    """Return how the program starts.

    Raises Problem when it cannot: another architecture, or libraries that are not available.
    """
    if program.machine != machine:
        raise Problem(
            "cannot run Qdrant's program on this host",
            f"it is built for {program.machine}, and this host is {machine}",
            f"pass --qdrant-binary PATH with a build of the same version for {machine}",
        )
    if program.static:
        return Start(LibrarySource.STATIC)
    lacking = missing(program, host)
    if not lacking:
        return Start(LibrarySource.HOST)
    if packages := _packages(program, lacking, host, offer):
        return Start(LibrarySource.PACKAGES, lacking, packages, *(_bundle(program, container) if container else ()))
    if container is None:
        raise Problem(
            "cannot run the program of --qdrant-binary on this host",
            f"this host lacks {', '.join(map(str, lacking))}, and no package of the distribution provides it",
            "omit --qdrant-binary (the container's program brings its libraries), or pass the static (musl) release",
        )
    return Start(LibrarySource.BUNDLED, lacking, (), *_bundle(program, container))


def missing(program: Binary, find: FindLibrary) -> tuple[Missing, ...]:
    """Return the libraries that the program or its libraries need and that are not found.

    For a library that is too old, this is the newest version needed.
    """
    lacking: dict[str, str] = {}
    if program.interpreter and find(program.interpreter) is None:
        lacking[program.interpreter] = ""
    for dependent, name, library in _walk(program, find):
        if library is None:
            lacking[name] = ""
        elif library.binary.defined_versions and (
            wrong := dependent.required_versions.get(name, frozenset()) - library.binary.defined_versions
        ):
            lacking[name] = max((*wrong, lacking.get(name, "")), key=_version_key)
    return tuple(Missing(name, version) for name, version in sorted(lacking.items()))


def _walk(program: Binary, find: FindLibrary) -> Iterator[tuple[Binary, str, Library | None]]:
    """Yield each dependent binary, the needed library's name and the library: the program's own first, then theirs."""
    queue, visited = [program], set()
    for dependent in queue:
        for name in dependent.needed:
            library = find(name)
            yield dependent, name, library
            if library and name not in visited:
                queue.append(library.binary)
            visited.add(name)


def _packages(program: Binary, lacking: tuple[Missing, ...], host: FindLibrary, offer: FindPackages) -> tuple[str, ...]:
    """Return the packages that complete the program, none if they do not. A library that is present is not replaced."""
    packaged: dict[str, tuple[str, Library]] = {}

    def find(name: str) -> Library | None:
        return packaged[name][1] if name in packaged else host(name)

    while lacking:
        names = frozenset(item.library for item in lacking)
        if any(item.version for item in lacking) or not names.isdisjoint(packaged):
            return ()
        packaged.update(offer(names))
        if not names <= packaged.keys():
            return ()
        lacking = missing(program, find)
    return tuple(sorted({package for package, _ in packaged.values()}))


def _bundle(program: Binary, container: FindLibrary) -> tuple[str, Mapping[str, str]]:
    """Return the loader's name and every file of the bundle: name → path in the container."""
    lacking = missing(program, container)
    loader = container(program.interpreter)
    if lacking or loader is None:
        raise Problem(
            "cannot run the container's Qdrant program on this host",
            f"neither this host nor the container has {', '.join(map(str, lacking))}",
            "pass --qdrant-binary PATH with the static (musl) release of the same version",
        )
    name_of_loader = PurePosixPath(program.interpreter).name
    files = {name_of_loader: loader.path}
    opened = [library for name in OPENED_LATER if (library := container(name))]
    roots = [program, *(library.binary for library in opened)]
    files |= {name: library.path for root in roots for _, name, library in _walk(root, container) if library}
    files |= {PurePosixPath(library.path).name: library.path for library in opened}
    return name_of_loader, dict(sorted(files.items()))


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
